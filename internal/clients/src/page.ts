import { JSDOM } from 'jsdom'

/** A page without a browser, as long as it is open. */
export interface Page {
  readonly element: Element
  close(): void
}

const names = ['window', 'document', 'navigator', 'HTMLElement', 'Node'] as const

/** Makes this process look like a page to React. */
export function openPage(): Page {
  const { window } = new JSDOM('<!doctype html><div id="root"></div>', { pretendToBeVisual: true })
  const before = names.map(
    (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const,
  )
  for (const name of names) {
    Object.defineProperty(globalThis, name, {
      value: window[name],
      configurable: true,
      writable: true,
    })
  }
  const element = window.document.querySelector('#root')
  if (element === null) throw new Error('the page has no root')
  return {
    element,
    close() {
      for (const [name, descriptor] of before) {
        if (descriptor) Object.defineProperty(globalThis, name, descriptor)
        else Reflect.deleteProperty(globalThis, name)
      }
      window.close()
    },
  }
}
