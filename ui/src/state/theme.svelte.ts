export type ThemeChoice = 'system' | 'dark' | 'light'

const KEY = 'binnacle-theme'

const isChoice = (text: string | null): text is ThemeChoice => text === 'system' || text === 'dark' || text === 'light'

/** The theme: dark, light or the system's. Stored on this machine. */
class Theme {
  choice = $state<ThemeChoice>('system')
  /** Counts changes of colours, for canvases that read them. */
  version = $state(0)

  constructor() {
    if (typeof window === 'undefined') return
    const stored = localStorage.getItem(KEY)
    this.#apply(isChoice(stored) ? stored : 'system')
    matchMedia('(prefers-color-scheme: light)').addEventListener('change', () => (this.version += 1))
  }

  set(choice: ThemeChoice): void {
    localStorage.setItem(KEY, choice)
    this.#apply(choice)
  }

  #apply(choice: ThemeChoice): void {
    this.choice = choice
    if (choice === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = choice
    this.version += 1
  }
}

export const theme = new Theme()
