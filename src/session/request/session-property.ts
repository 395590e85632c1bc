import type { SessionRequest } from './session-request.js';

/**
 * Where a request has its property, for whoever looks through a proxy or an object that inherits from it, too. It is that of the
 * last who has put a session there: where one application is mounted in another, both have one.
 */
const PROPERTY = Symbol('session');

interface WithProperty {
  readonly [PROPERTY]?: SessionProperty;
}

/** `request.session`: what stands there, and whether somebody has looked. */
export class SessionProperty {
  readonly #request: SessionRequest;
  #value: unknown;
  #wasRead = false;
  #wasSet = false;

  constructor(request: SessionRequest) {
    this.#request = request;
  }

  /** The same for all requests: an accessor of its own would make each request an object of another kind. */
  static readonly #accessor: PropertyDescriptor = {
    configurable: true,
    enumerable: true,
    get(this: WithProperty) {
      const property = this[PROPERTY];
      return property === undefined ? undefined : property.#look();
    },
    set(this: WithProperty, value: unknown) {
      const property = this[PROPERTY];
      if (property !== undefined) property.#set(value);
    },
  };

  get wasRead(): boolean {
    return this.#wasRead;
  }

  /**
   * What stands there now, an object; `undefined` = somebody has taken it away. Where somebody else has put his there: what stood
   * there last. Is no look.
   */
  get value(): object | undefined {
    const value = this.#isDisplaced ? this.#value : this.#standing();
    return typeof value === 'object' && value !== null ? value : undefined;
  }

  /** Whether what `put` has put there last stands there and nobody has got it. */
  get isUntouched(): boolean {
    return !this.#wasRead && !this.#wasSet && this.value === this.#value;
  }

  /** Puts a session there, also where the property was deleted. */
  put(session: object): void {
    this.#value = session;
    Object.defineProperty(this.#request, PROPERTY, { configurable: true, value: this });
    Object.defineProperty(this.#request, 'session', SessionProperty.#accessor);
  }

  get #isDisplaced(): boolean {
    return (this.#request as WithProperty)[PROPERTY] !== this;
  }

  #standing(): unknown {
    const wasRead = this.#wasRead;
    const value = this.#request.session;
    this.#wasRead = wasRead;
    return value;
  }

  #set(value: unknown): void {
    this.#value = value;
    this.#wasSet = true;
  }

  #look(): unknown {
    this.#wasRead = true;
    return this.#value;
  }
}
