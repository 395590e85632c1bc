import type { Baseline } from './record/session-record.js';

/** What is known of one session object of the application. */
export interface HeldSession {
  readonly id: string;
  readonly handle: string;
  /** The state that the object was read or stored as; `undefined` = it is new, or a copy of which nothing is known. */
  baseline: Baseline | undefined;
  /** Whether it may be stored as a new session: it was not made from something that a store is said to have given. */
  readonly isNew: boolean;
  /** The write that is under way, which the next one waits for. It never rejects. */
  turn: Promise<void> | undefined;
}

/**
 * Remembers of which state of a session each object of the application is, without a trace on the object.
 *
 * Frameworks make session objects of their own from what a store gives. Where that goes through `createSession`, it is told by
 * `hold`. `@fastify/session` copies the enumerable properties, inherited ones too, in a constructor that ends by taking the
 * JSON of the new object. So what `give` returns inherits a `toJSON`, which is copied with the rest, is called on the copy
 * within that constructor, notes whose copy that is, and takes itself off.
 */
export class SessionBaselines {
  readonly #held = new WeakMap<object, HeldSession>();
  readonly #carried = new WeakMap<object, HeldSession>();
  readonly #prototype: object;

  constructor() {
    const carrierOf = (data: object): unknown => this.#carrierOf(data);
    this.#prototype = Object.create(Object.prototype, {
      toJSON: {
        enumerable: true,
        get(this: object) {
          return carrierOf(this);
        },
      },
    }) as object;
  }

  /** Makes of an object that nobody else has what to give to somebody who reads a session. */
  give(fields: object, held: HeldSession): object {
    Object.setPrototypeOf(fields, this.#prototype);
    this.#held.set(fields, held);
    return fields;
  }

  /** Says of which state an object is. */
  hold(session: object, held: HeldSession): void {
    this.#held.set(session, held);
  }

  /** What is known of an object as the session of an id. */
  of(session: object, id: string): HeldSession | undefined {
    const held = this.#held.get(session) ?? this.#takeOff(session);
    return held?.id === id ? held : undefined;
  }

  #carrierOf(data: object): unknown {
    const held = this.#held.get(data);
    if (held === undefined) return undefined;
    const takeOff = (session: object): unknown => this.#takeOff(session);
    function toJSON(this: object): object {
      takeOff(this);
      return this;
    }
    this.#carried.set(toJSON, held);
    return toJSON;
  }

  /** Takes what was copied onto an object off again, and remembers what it said. */
  #takeOff(session: object): HeldSession | undefined {
    const own: unknown = Object.getOwnPropertyDescriptor(session, 'toJSON')?.value;
    const held = typeof own === 'function' ? this.#carried.get(own) : undefined;
    if (held === undefined) return undefined;
    Reflect.deleteProperty(session, 'toJSON');
    const copy = copyOf(held);
    this.#held.set(session, copy);
    return copy;
  }
}

/** The same state, for another object: a write of one says nothing of what the other one holds. */
export function copyOf(held: HeldSession): HeldSession {
  const { baseline } = held;
  return { ...held, baseline: baseline === undefined ? undefined : { ...baseline }, turn: undefined };
}
