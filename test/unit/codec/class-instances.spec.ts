import { describe, expect, it } from 'vitest';
import { SerializationError } from '../../../src/errors.js';
import { UncacheableValueError } from '../../../src/codec/uncacheable-value.js';
import { codecWith, roundTrip } from './codec-for-test.js';

class Money {
  constructor(
    readonly amount: number,
    readonly currency: string,
  ) {
    if (currency === '') throw new Error('The constructor must not run again.');
  }
  get text(): string {
    return `${this.amount} ${this.currency}`;
  }
  toJSON(): string {
    return this.text;
  }
}

class Product {
  static built = 0;
  title = '';
  price: Money | undefined;
  readonly parts: Product[] = [];
  constructor() {
    Product.built++;
  }
  set total(_value: number) {
    throw new Error('A setter must not run.');
  }
}

class SpecialProduct extends Product {}

/** Classes that have the name of others. */
const Impostors = {
  Date: namedLike('Date'),
  Money: namedLike('Money'),
};

const nameless = namedLike('');

function namedLike(name: string): new () => object {
  const impostor = class {
    a = 1;
  };
  Object.defineProperty(impostor, 'name', { value: name });
  return impostor;
}

const listed = codecWith({ types: [Product, Money] });

describe('an instance of a listed class', () => {
  it('comes back as an instance, nested ones too, without its constructor', async () => {
    const product = Object.assign(new Product(), { title: 'Lamp', price: new Money(5, 'EUR') });
    product.parts.push(new Product());
    const built = Product.built;
    const [back] = (await roundTrip([product], listed)) as [Product];
    expect(back).toStrictEqual(product);
    expect(back).toBeInstanceOf(Product);
    expect(back.price?.text).toBe('5 EUR');
    expect(back.parts[0]).toBeInstanceOf(Product);
    expect(Product.built).toBe(built);
  });

  it('keeps fields that a setter, __proto__ or constructor would catch', async () => {
    const product = new Product();
    for (const key of ['total', '__proto__', 'constructor']) {
      Object.defineProperty(product, key, {
        value: { key },
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    const back = await roundTrip(product, listed);
    expect(Object.getPrototypeOf(back)).toBe(Product.prototype);
    expect(Object.entries(back as object)).toEqual(Object.entries(product));
  });

  it('is unreadable, not plain, for a cache that does not list the class', async () => {
    const { flags, payload } = await listed.encode(new Money(1, 'EUR'));
    expect(() => codecWith().decode(flags, Buffer.from(payload))).toThrow(SerializationError);
    expect(() => codecWith({ types: [Product] }).decode(flags, Buffer.from(payload))).toThrow(
      SerializationError,
    );
  });
});

describe('an instance of a class that is not listed', () => {
  it.each([
    ['the value itself', new Money(1, 'EUR'), 'Money', 'value'],
    ['deep inside', { items: [1, { price: new Money(1, 'EUR') }] }, 'Money', 'value.items[1].price'],
    ['beside rich values', { at: new Date(1), price: new Money(1, 'EUR') }, 'Money', 'value.price'],
    ['a key of a Map', new Map([[new Money(1, 'EUR'), 1]]), 'Money', 'value.keys()[0]'],
    ['a value of a Set', new Set([1, new Money(1, 'EUR')]), 'Money', 'value.values()[1]'],
    [
      'in a listed instance',
      { p: Object.assign(new Product(), { title: new Date() }) },
      'Product',
      'value.p',
    ],
    ['an error', { cause: new TypeError('x') }, 'TypeError', 'value.cause'],
    ['a subclass of a built-in', [new (class Tags extends Array<string> {})()], 'Tags', 'value[0]'],
    ['a subclass of Map', new (class Index extends Map {})(), 'Index', 'value'],
    ['a class that calls itself Date', new Impostors.Date(), 'Date', 'value'],
    [
      'an unnamed class',
      new (class {
        a = 1;
      })(),
      '(anonymous)',
      'value',
    ],
    ['an object made of another', Object.create({ a: 1 }), 'Object', 'value'],
  ])('is refused: %s', (_name, value, className, path) => {
    const refused = (): unknown => codecWith().encode(value);
    expect(refused).toThrow(UncacheableValueError);
    expect(refused).toThrow(expect.objectContaining({ className }));
    expect(refused).toThrow(new RegExp(`^${path.replaceAll(/[.[\]()]/g, '\\$&')} `));
  });

  it('is refused when only its base class is listed', () => {
    expect(() => listed.encode(new SpecialProduct())).toThrow(
      expect.objectContaining({ className: 'SpecialProduct' }),
    );
  });
});

describe('the list of classes', () => {
  it.each<[string, unknown[], string]>([
    ['two classes of one name', [Money, Impostors.Money], 'types[1]: must not have the name'],
    ['no class', [Money, 5], 'types[1]: must be a class'],
    ['an arrow function', [() => 1], 'types[0]: must be a class'],
    ['Object', [Object], 'types[0]: must be a class'],
    ['an unnamed class', [nameless], 'types[0]: must be a class with a name'],
    ['Date', [Date], 'types[0]: must not be or extend'],
    ['a class that extends Error', [class Failure extends Error {}], 'types[0]: must not be or extend'],
  ])('refuses %s', (_name, types, message) => {
    expect(() => codecWith({ types: types as never })).toThrow(message);
  });

  it('takes the same class twice, abstract ones, and ones with a private constructor', () => {
    abstract class Shape {
      abstract readonly area: number;
    }
    class Secret {
      readonly key = '';
      private constructor() {}
    }
    expect(() => codecWith({ types: [Money, Money, Shape, Secret] })).not.toThrow();
  });
});
