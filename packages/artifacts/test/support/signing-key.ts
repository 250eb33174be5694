import { generateKeyPairSync, type KeyObject } from 'node:crypto'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** A service account that exists only here. */
export const signingKey: {
  readonly publicKey: KeyObject
  readonly credentials: { readonly client_email: string; readonly private_key: string }
} = {
  publicKey,
  credentials: {
    client_email: 'test@test.iam.gserviceaccount.com',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  },
}
