/** One version of a tag. What carries it is valid for as long as it is current. */
export interface TagVersionMark {
  readonly tag: string;
  current: boolean;
  /** How many entries carry it. */
  carriers: number;
}

/** A moment in the history of a store's invalidations. Those that follow hang on it, for as long as somebody holds it. */
export interface TagMoment {
  readonly tags: ReadonlySet<string>;
  next: TagMoment | undefined;
}

/** Which versions an entry carries that has no tags. */
export const NO_MARKS: readonly TagVersionMark[] = Object.freeze([]);

/**
 * The tags of a memory store, shared by its parts. A version is known while an entry carries it, and the history reaches
 * back to the oldest moment that somebody holds: nothing else is remembered of a tag.
 */
export class MemoryTags {
  readonly #current = new Map<string, TagVersionMark>();
  #now: TagMoment = { tags: new Set(), next: undefined };

  /** This moment. */
  get now(): TagMoment {
    return this.#now;
  }

  /** How many tags are carried by entries. */
  get size(): number {
    return this.#current.size;
  }

  /** The current versions of tags, for an entry that carries them from now on. */
  carry(tags: readonly string[]): readonly TagVersionMark[] {
    if (tags.length === 0) return NO_MARKS;
    return [...new Set(tags)].map((tag) => {
      let mark = this.#current.get(tag);
      if (mark === undefined) {
        mark = { tag, current: true, carriers: 0 };
        this.#current.set(tag, mark);
      }
      mark.carriers += 1;
      return mark;
    });
  }

  /** An entry carries these no more. */
  letGo(marks: readonly TagVersionMark[]): void {
    for (const mark of marks) {
      mark.carriers -= 1;
      if (mark.carriers === 0 && mark.current) this.#current.delete(mark.tag);
    }
  }

  /** Makes everything invalid that carries one of the tags. */
  invalidate(tags: ReadonlySet<string>): void {
    for (const tag of tags) {
      const mark = this.#current.get(tag);
      if (mark === undefined) continue;
      mark.current = false;
      this.#current.delete(tag);
    }
    const next: TagMoment = { tags, next: undefined };
    this.#now.next = next;
    this.#now = next;
  }

  /** Whether one of the tags was invalidated after a moment. */
  invalidatedSince(moment: TagMoment, tags: readonly string[]): boolean {
    if (tags.length === 0) return false;
    for (let at = moment.next; at !== undefined; at = at.next) {
      for (const tag of tags) if (at.tags.has(tag)) return true;
    }
    return false;
  }
}
