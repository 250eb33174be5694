import { html, trustedHtml, type Html } from '@turnstead/reply/turbo'

const paths = {
  arrowUp: '<path d="M12 19V5M5.5 11.5 12 5l6.5 6.5"/>',
  back: '<path d="M15 5l-7 7 7 7"/>',
  check: '<path d="M5 12.5l4.5 4.5L19 7.5"/>',
  chevron: '<path d="M9 6l6 6-6 6"/>',
  clip: '<path d="M19.5 11.5l-7.8 7.8a4.6 4.6 0 0 1-6.5-6.5l8.3-8.3a3.1 3.1 0 0 1 4.4 4.4l-8.3 8.3a1.5 1.5 0 0 1-2.2-2.2l7.3-7.2"/>',
  copy: '<rect x="9" y="9" width="11" height="11" rx="2"/><path d="M5 15V6a2 2 0 0 1 2-2h8"/>',
  cross: '<path d="M6.5 6.5l11 11M17.5 6.5l-11 11"/>',
  download: '<path d="M12 4v11M7 10.5l5 5 5-5M5 20h14"/>',
  edit: '<path d="M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4"/>',
  dots: '<path d="M6 12h.01M12 12h.01M18 12h.01"/>',
  down: '<path d="M12 5v14M5.5 12.5 12 19l6.5-6.5"/>',
  file: '<path d="M6 3h8l4 4v14H6zM14 3v4h4"/>',
  history: '<path d="M4.5 12a7.5 7.5 0 1 1 2.2 5.3M4 5.5v4h4M12 8v4.5l3 1.8"/>',
  home: '<path d="M4 11l8-7 8 7v9h-5v-6H9v6H4z"/>',
  info: '<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5M12 8v.01"/>',
  list: '<path d="M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01"/>',
  plus: '<path d="M12 5v14M5 12h14"/>',
  question:
    '<circle cx="12" cy="12" r="8.5"/><path d="M9.7 9.4a2.4 2.4 0 1 1 3.4 2.2c-.8.4-1.1.9-1.1 1.7M12 16.4v.01"/>',
  repeat:
    '<path d="M4.5 12a7.5 7.5 0 0 1 12.9-5.2L20 9.5M20 4.5v5h-5M19.5 12a7.5 7.5 0 0 1-12.9 5.2L4 14.5M4 19.5v-5h5"/>',
  search: '<circle cx="11" cy="11" r="6.5"/><path d="M20 20l-4.3-4.3"/>',
  square: '<rect x="7" y="7" width="10" height="10" rx="1.5"/>',
  terminal: '<path d="M5 7l5 5-5 5M12.5 17H19"/>',
  thought: '<path d="M9.5 18h5M10.5 21h3M8 14a6 6 0 1 1 8 0c-.8.8-1 1.4-1 2H9c0-.6-.2-1.2-1-2z"/>',
  warning: '<path d="M12 4l9 16H3zM12 10v4M12 17v.01"/>',
  trash: '<path d="M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 12.5h9l1-12.5M10 11v5M14 11v5"/>',
  users:
    '<circle cx="9" cy="8.5" r="3.5"/><path d="M3 20c0-3.6 2.4-6 6-6s6 2.4 6 6M15.5 5.3a3.5 3.5 0 0 1 0 6.4M17.5 14.6c2.2.8 3.5 2.8 3.5 5.4"/>',
  wrench: '<path d="M14.5 6.5a4.5 4.5 0 0 1 5.8 5.4L12 20.2a2.3 2.3 0 0 1-3.3-3.3l8.3-8.2"/>',
} as const

export type IconName = keyof typeof paths

/** Decorative: what it means always stands beside it as text or as a label. */
export function icon(name: IconName): Html {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    ${trustedHtml(paths[name])}
  </svg>`
}

/** Marks what opens; the style sheet turns it. */
export function chevron(): Html {
  return html`<span class="chevron">${icon('chevron')}</span>`
}
