export { systemClock, type Clock } from './clock.js'
export {
  WireError,
  type Delivered,
  type WireErrorCode,
  type WireErrorDetails,
  type WireIssue,
} from './errors.js'
