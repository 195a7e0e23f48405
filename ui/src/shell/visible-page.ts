import { visibleBlock } from '@/format'

/** Attributes that the browser shows as text. */
const SHOWN_ATTRIBUTES = ['title', 'aria-label', 'placeholder', 'alt']
/** Content that people edit, or that is no text. */
const LEFT_ALONE = '[contenteditable], textarea, script, style'

/** Makes the hidden characters of one text node visible. */
function reveal(text: CharacterData): void {
  const shown = visibleBlock(text.data)
  if (shown !== text.data && !text.parentElement?.closest(LEFT_ALONE)) text.data = shown
}

function revealAttribute(element: Element, name: string): void {
  const value = element.getAttribute(name)
  const shown = value === null ? null : visibleBlock(value)
  if (shown !== null && shown !== value) element.setAttribute(name, shown)
}

function revealAll(root: Node): void {
  if (root instanceof Element) {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) reveal(texts.currentNode as CharacterData)
    const attributes = SHOWN_ATTRIBUTES.map((name) => `[${name}]`).join(',')
    for (const element of [root, ...root.querySelectorAll(attributes)]) {
      for (const name of SHOWN_ATTRIBUTES) revealAttribute(element, name)
    }
  } else if (root instanceof CharacterData) reveal(root)
}

/**
 * Makes control characters and direction marks visible in every text of the page, before it is
 * drawn. Telemetry comes from outside: a name could otherwise show as another one.
 *
 * One place covers every component. Text on a canvas calls `visibleLine` itself.
 */
export function keepPageVisible(): void {
  const observer = new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === 'attributes') revealAttribute(change.target as Element, change.attributeName ?? '')
      else if (change.type === 'characterData') reveal(change.target as CharacterData)
      else change.addedNodes.forEach(revealAll)
    }
  })
  observer.observe(document.documentElement, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter: SHOWN_ATTRIBUTES,
  })
}
