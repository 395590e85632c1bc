import type { SessionCallback, TriedSessionStore } from '../../../src/testing/index.js';

/**
 * A store as most are: a session is stored as a whole, whoever stores it last. `flaw` names what it does worse than that.
 */
export class WholeBlobStore implements TriedSessionStore {
  readonly #texts: Map<string, string>;
  readonly #flaw: 'shared' | 'staleExpires' | undefined;
  readonly #shared = new Map<string, object>();

  constructor(texts = new Map<string, string>(), flaw?: 'shared' | 'staleExpires') {
    this.#texts = texts;
    this.#flaw = flaw;
  }

  get(id: string, callback: SessionCallback): void {
    const text = this.#texts.get(id);
    const parsed: unknown = text === undefined ? undefined : JSON.parse(text);
    setImmediate(callback, null, this.#flaw === 'shared' ? this.#shared.get(id) : parsed);
  }

  set(id: string, session: object, callback: SessionCallback): void {
    const { cookie } = session as { cookie: { originalMaxAge: number | null } };
    if (cookie.originalMaxAge !== null && cookie.originalMaxAge < 0) {
      this.destroy(id, callback);
      return;
    }
    this.#texts.set(id, JSON.stringify(session));
    this.#shared.set(id, session);
    setImmediate(callback);
  }

  touch(id: string, session: object, callback: SessionCallback): void {
    const text = this.#texts.get(id);
    if (text !== undefined && this.#flaw !== 'staleExpires') {
      const { cookie } = session as { cookie: unknown };
      this.#texts.set(id, JSON.stringify({ ...(JSON.parse(text) as object), cookie }));
    }
    setImmediate(callback);
  }

  destroy(id: string, callback: SessionCallback): void {
    this.#texts.delete(id);
    this.#shared.delete(id);
    setImmediate(callback);
  }

  all(callback: SessionCallback): void {
    setImmediate(
      callback,
      null,
      [...this.#texts.values()].map((text) => JSON.parse(text) as unknown),
    );
  }

  length(callback: SessionCallback): void {
    setImmediate(callback, null, this.#texts.size);
  }

  clear(callback: SessionCallback): void {
    this.#texts.clear();
    setImmediate(callback);
  }
}
