import { createClient } from '@turnstead/wire'

const make: unknown = createClient
console.log(JSON.stringify({ address: import.meta.url, made: typeof make }))
