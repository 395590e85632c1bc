import type { SessionRequest } from './session-request.js';

/** `request.session`: what stands there, and whether somebody has looked. */
export class SessionProperty {
  readonly #request: SessionRequest;
  #value: unknown;
  #wasRead = false;
  readonly #get = (): unknown => {
    this.#wasRead = true;
    return this.#value;
  };
  readonly #set = (value: unknown): void => {
    this.#value = value;
  };

  constructor(request: SessionRequest) {
    this.#request = request;
  }

  get wasRead(): boolean {
    return this.#wasRead;
  }

  /** What stands there now, an object; `undefined` = somebody has taken it away. Is no look. */
  get value(): object | undefined {
    const own = Object.getOwnPropertyDescriptor(this.#request, 'session');
    const value: unknown = own?.get === this.#get ? this.#value : own?.value;
    return typeof value === 'object' && value !== null ? value : undefined;
  }

  /** Puts a session there, also where the property was deleted. */
  put(session: object): void {
    this.#value = session;
    Object.defineProperty(this.#request, 'session', {
      configurable: true,
      enumerable: true,
      get: this.#get,
      set: this.#set,
    });
  }
}
