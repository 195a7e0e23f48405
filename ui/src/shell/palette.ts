/** An item of the command palette. */
export interface PaletteItem {
  id: string
  label: string
  /** Secondary text behind the label. */
  detail?: string
  group: 'Views' | 'Services' | 'Metrics' | 'Checks' | 'Rules' | 'Actions'
  /** Keyboard shortcut of the same action. */
  keys?: string
  run: () => void
}

/**
 * Returns the score of `text` for a typed text: prefixes and whole words before scattered letters,
 * 0 for no match.
 */
export function score(text: string, typed: string): number {
  const query = typed.trim().toLowerCase()
  if (!query) return 1
  const lower = text.toLowerCase()
  const at = lower.indexOf(query)
  if (at === 0) return 100 - lower.length / 100
  if (at > 0) return (/[\s._/:-]/.test(lower[at - 1] ?? '') ? 80 : 60) - lower.length / 100
  let from = 0
  for (const letter of query.replaceAll(' ', '')) {
    const found = lower.indexOf(letter, from)
    if (found < 0) return 0
    from = found + 1
  }
  return 20 - lower.length / 100
}

const PER_GROUP = 6

/** Returns the best items for a typed text: groups in order of their best item, a few of each. */
export function rank(items: readonly PaletteItem[], typed: string): PaletteItem[] {
  const scored = items
    .map((item, index) => ({
      item,
      index,
      value: Math.max(score(item.label, typed), score(item.detail ?? '', typed) / 2),
    }))
    .filter(({ value, item }) => value > 0 && (typed.trim() || item.group === 'Views' || item.group === 'Actions'))
    .sort((a, b) => b.value - a.value || a.index - b.index)
  const groups = new Map<string, PaletteItem[]>()
  for (const { item } of scored) {
    const group = groups.get(item.group) ?? []
    if (group.length < (typed.trim() ? PER_GROUP : 20)) group.push(item)
    groups.set(item.group, group)
  }
  return [...groups.values()].flat()
}
