// A browser tells of no click where what was pressed is gone when it is let go: what comes meanwhile waits, but not for long.
const longestMs = 400
let press = null

function begin() {
  press?.end()
  let end
  const over = new Promise((resolve) => (end = resolve))
  const mine = {
    over,
    end() {
      if (press === mine) press = null
      end()
    },
  }
  press = mine
  setTimeout(() => mine.end(), longestMs)
}

/** The click comes in the same task as the release, after it. */
function finish() {
  const mine = press
  if (mine !== null) setTimeout(() => mine.end())
}

addEventListener('pointerdown', begin, true)
addEventListener('pointerup', finish, true)
addEventListener('pointercancel', finish, true)

/** Resolves when nothing is pressed any more; null when nothing is. */
export function untilReleased() {
  return press?.over ?? null
}
