import type { Reply, ReplyPart } from '@turnstead/reply'
import type { Feed } from './feed.js'
