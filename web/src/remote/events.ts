/** Typed events of one object: `on` returns the function that takes the handler away again. */
export class Emitter<Events extends object> {
  private readonly handlers = new Map<keyof Events, Set<(value: never) => void>>()

  on<K extends keyof Events>(name: K, handler: (value: Events[K]) => void): () => void {
    const known = this.handlers.get(name) ?? new Set()
    this.handlers.set(name, known)
    known.add(handler)
    return () => known.delete(handler)
  }

  emit<K extends keyof Events>(name: K, value: Events[K]): void {
    for (const handler of [...(this.handlers.get(name) ?? [])]) (handler as (value: Events[K]) => void)(value)
  }

  clear(): void {
    this.handlers.clear()
  }
}
