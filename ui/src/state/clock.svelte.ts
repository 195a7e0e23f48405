/** The time of relative labels; advances every second while the console is shown. */
class Clock {
  now = $state(Date.now())

  constructor() {
    if (typeof window !== 'undefined') setInterval(() => document.hidden || (this.now = Date.now()), 1000)
  }
}

export const clock = new Clock()
