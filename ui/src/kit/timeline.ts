/** What can be undone: named steps back and forth over a value that is replaced as a whole. */

export interface Step<T> {
  name: string
  /** The value before the step; behind "now" in `future` the one after it. */
  value: T
  key: string
}

export class Timeline<T> {
  private past: Step<T>[] = []
  private future: Step<T>[] = []

  constructor(
    public now: T,
    private readonly atMost = 100,
  ) {}

  get undoName(): string | null {
    return this.past.at(-1)?.name ?? null
  }

  get redoName(): string | null {
    return this.future.at(-1)?.name ?? null
  }

  get depth(): number {
    return this.past.length
  }

  /** A step forward; one with the same key as the last goes on with it (arrow keys that move a widget). */
  push(name: string, value: T, key = ''): void {
    const last = this.past.at(-1)
    if (!key || last?.key !== key || this.future.length) {
      this.past.push({ name, value: this.now, key })
      if (this.past.length > this.atMost) this.past.shift()
    }
    this.future = []
    this.now = value
  }

  undo(): boolean {
    const step = this.past.pop()
    if (!step) return false
    this.future.push({ ...step, value: this.now, key: '' })
    this.now = step.value
    return true
  }

  redo(): boolean {
    const step = this.future.pop()
    if (!step) return false
    this.past.push({ ...step, value: this.now, key: '' })
    this.now = step.value
    return true
  }

  /** Everything, for keeping it over a reload. */
  dump(): { past: Step<T>[]; future: Step<T>[]; now: T } {
    return { past: [...this.past], future: [...this.future], now: this.now }
  }

  restore(kept: { past: Step<T>[]; future: Step<T>[]; now: T }): void {
    this.past = [...kept.past].slice(-this.atMost)
    this.future = [...kept.future]
    this.now = kept.now
  }

  /** The same value in another form; nobody's step. */
  replace(value: T): void {
    this.now = value
  }

  /** Another value, and nothing to undo. */
  reset(value: T): void {
    this.past = []
    this.future = []
    this.now = value
  }
}
