/** Own properties that stand on an object for a while. */
export interface Overlay {
  put(name: string, value: unknown): void;
  /** Puts back what the object had of its own before. */
  remove(): void;
}

/** Puts properties over those of an object. */
export function overlay(target: object): Overlay {
  const before = new Map<string, PropertyDescriptor | undefined>();
  return {
    put(name, value) {
      if (!before.has(name)) before.set(name, Object.getOwnPropertyDescriptor(target, name));
      Object.defineProperty(target, name, { value, configurable: true, enumerable: false, writable: true });
    },
    remove() {
      for (const [name, descriptor] of before) {
        if (descriptor === undefined) Reflect.deleteProperty(target, name);
        else Object.defineProperty(target, name, descriptor);
      }
    },
  };
}
