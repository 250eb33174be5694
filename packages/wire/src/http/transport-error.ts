import { errorCode } from '../values/error-code.js'
import { WireError, type Delivered } from '../errors.js'

/** Turns what undici or Node report about a broken exchange into this package's error. */
export function toTransportError(error: unknown, label: string, delivered: Delivered): Error {
  if (WireError.is(error)) return error
  const code = errorCode(error)
  switch (code) {
    case 'UND_ERR_CONNECT_TIMEOUT':
      return new WireError(
        'timeout',
        `${label} could not connect in time (\`timeouts.connectMs\`)`,
        {
          cause: error,
          delivered: 'no',
        },
      )
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return new WireError('timeout', `${label} got no answer in time`, { cause: error, delivered })
    case 'UND_ERR_DESTROYED':
    case 'UND_ERR_CLOSED':
      return new WireError('closed', `${label} was not sent: the client is closed`, {
        cause: error,
        delivered,
      })
    case 'UND_ERR_INVALID_ARG':
    case 'UND_ERR_NOT_SUPPORTED':
      return new TypeError(`${label} cannot be sent; check \`headers\` and \`baseUrl\``, {
        cause: error,
      })
    default: {
      const why = code === null ? '' : ` (${code})`
      const message =
        delivered === 'no'
          ? `${label} could not connect${why}; check \`baseUrl\` and whether the server runs`
          : `${label} lost its connection${why}`
      const retryable = !isTlsRefusal(code)
      return new WireError('connection', message, { cause: error, delivered, retryable })
    }
  }
}

/** A certificate that is not trusted now will not be trusted in a second either. */
function isTlsRefusal(code: string | null): boolean {
  return code !== null && /^(CERT_|ERR_TLS_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/.test(code)
}
