/** Numbers from a seed, the same on every machine (mulberry32). */
export function createDice(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** What attacks are made of. */
const pieces: readonly string[] = [
  ...['..', '.', '/', '\\', '../', '..\\', '../../etc/passwd', '/etc/passwd', '~', './', '//'],
  ...['C:', 'c:\\', 'C:/', '\\\\server\\share', '//server/share', '\\\\?\\', '\\\\.\\pipe\\x'],
  ...[
    'file:///',
    '%2e%2e%2f',
    '%2F',
    '%00',
    '%0d%0a',
    '%22',
    '..;/',
    '\0',
    'a\0b',
    '\x7f',
    '\x1b[2J',
  ],
  ...[
    '\r\n',
    '\r',
    '\n',
    '\r\nSet-Cookie: a=b',
    '"',
    "'",
    ';',
    '; filename="x"',
    '`',
    '$(id)',
    '|',
    '&',
    '-rf',
  ],
  ...[
    'CON',
    'con',
    'NUL',
    'nul.txt',
    'AUX',
    'PRN.',
    'COM1',
    'com¹',
    'LPT9.log',
    'CONIN$',
    'CON .txt',
    'aux  ',
  ],
  ...[
    '\u202e',
    '\u202d',
    '\u2066',
    '\u2069',
    '\u200e',
    '\u200f',
    '\u061c',
    '\u200b',
    '\u200c',
    '\u200d',
    '\ufeff',
  ],
  ...[
    '\u00ad',
    '\u034f',
    '\u115f',
    '\u3164',
    '\uffa0',
    '\u2800',
    '\ufe0f',
    '\u180e',
    '\u2028',
    '\u2029',
    '\u0085',
  ],
  ...[
    '\u{e0041}',
    '\u{e0100}',
    '\ue000',
    '\u{f0000}',
    '\uffff',
    '\ufdd0',
    '\u{1fffe}',
    '\ufff9',
    '\u{1d173}',
  ],
  ...[
    '\ud800',
    '\udfff',
    '\udc00\ud800',
    'é',
    'e\u0301',
    'É',
    'ß',
    'ẞ',
    'ss',
    'SS',
    'İ',
    'i\u0307',
    'ı',
    'I',
    'i',
  ],
  ...[
    'ﬁ',
    'fi',
    'FI',
    'K',
    'k',
    'ſ',
    's',
    'ς',
    'σ',
    'Σ',
    'Å',
    'Å',
    'ΐ',
    '²',
    '2',
    '①',
    '／',
    '＼',
    '․․',
    '．．',
    '：',
  ],
  ...[
    '.html',
    '.HTML',
    '.svg',
    '.txt',
    '.tar.gz',
    '.',
    ' ',
    '  ',
    '\t',
    '\u00a0',
    '\u3000',
    '.lnk',
    '.exe ',
    '.x.',
  ],
  ...[
    'a',
    'A',
    'b',
    'report',
    'README',
    'file',
    'file (2)',
    'file (2).txt',
    '漢字',
    '🙂',
    '👩‍👩‍👧',
    '日本',
    'ا',
    'א',
  ],
  ...[
    'x'.repeat(255),
    'é'.repeat(127),
    '🙂'.repeat(64),
    `a.${'e'.repeat(60)}`,
    'missing-files.txt',
    '.git',
    '.env',
  ],
]

/** A name or path of up to seven pieces, and now and then of any characters. */
export function hostileName(dice: (below: number) => number): string {
  let name = ''
  for (let count = 1 + dice(7); count > 0; count -= 1) {
    const kind = dice(12)
    if (kind === 0) name += String.fromCharCode(dice(0x10000))
    else if (kind === 1) name += String.fromCodePoint(dice(0x110000))
    else if (kind === 2) name += '/'
    else name += pieces[dice(pieces.length)] ?? ''
  }
  return name
}

const keyPieces: readonly string[] = [
  ...[
    'a',
    'A',
    'b',
    '0',
    '-',
    '_',
    '=',
    '.',
    '..',
    '/',
    '//',
    'o-',
    'd-',
    't-',
    'c-o-',
    '!a',
    'con',
    'NUL',
    '%2e',
  ],
  ...[
    'objects',
    '.json',
    'x'.repeat(60),
    'X'.repeat(119),
    ' ',
    '\n',
    'é',
    '\0',
    'turns',
    'uploads',
  ],
]

/** What is often a key, and often nearly one. */
export function nearKey(dice: (below: number) => number): string {
  let key = ''
  for (let count = 1 + dice(8); count > 0; count -= 1)
    key += keyPieces[dice(keyPieces.length)] ?? ''
  return key
}
