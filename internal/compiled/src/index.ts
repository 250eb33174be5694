/** A module of this repository with all of its sources as one file. */
export { compiled } from './compiled.js'
