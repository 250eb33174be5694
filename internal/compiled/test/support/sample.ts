import { compiled } from '@turnstead-internal/compiled'

const make: unknown = compiled
console.log(JSON.stringify({ address: import.meta.url, made: typeof make }))
