/** A step into a value: a property, an index, or the n-th of a Map's keys or values or a Set's values. */
export type Step = string | number | { readonly view: string; readonly index: number };

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** Where a walk through a value stands now. It is written out only when it is asked for, as `value.items[3].callback`. */
export class ValuePath {
  readonly #steps: Step[] = [];

  enter(step: Step): void {
    this.#steps.push(step);
  }

  leave(): void {
    this.#steps.pop();
  }

  toString(): string {
    return `value${this.#steps.map(written).join('')}`;
  }
}

function written(step: Step): string {
  if (typeof step === 'object') return `.${step.view}[${step.index}]`;
  if (typeof step === 'number') return `[${step}]`;
  return IDENTIFIER.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}
