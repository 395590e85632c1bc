import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedFields } from '../../../../src/session/record/changed-fields.js';
import { fieldTexts, fieldsText, parseFields } from '../../../../src/session/record/fields-text.js';

type Fields = Record<string, unknown>;

const names = ['a', 'b', 'c', 'd', '1', 'toString', ''];
const fields = (some: readonly string[]): fc.Arbitrary<Fields> =>
  fc
    .dictionary(fc.constantFrom(...some), fc.jsonValue({ maxDepth: 2 }))
    .map((one) => parseFields(fieldsText(one)));

function apply(to: Fields, changes: ReadonlyMap<string, string>): Fields {
  const result = { ...to };
  for (const [name, text] of changes) {
    if (text === '') Reflect.deleteProperty(result, name);
    else result[name] = JSON.parse(text) as unknown;
  }
  return result;
}

function between(before: Fields, after: Fields): Map<string, string> {
  return changedFields(fieldsText(before), fieldTexts(after));
}

describe('changed fields', () => {
  it('make of the old fields the new ones', () => {
    fc.assert(
      fc.property(fields(names), fields(names), (before, after) => {
        expect(apply(before, between(before, after))).toEqual(after);
      }),
    );
  });

  it('are none between fields and themselves', () => {
    fc.assert(fc.property(fields(names), (some) => between(some, some).size === 0));
  });

  it('of two writers of different fields give the fields of both, in either order', () => {
    const left = ['a', 'b', '1'];
    const right = ['c', 'd', 'toString', ''];
    fc.assert(
      fc.property(fields(names), fields(left), fields(right), (before, ours, theirs) => {
        const only = (some: Fields, those: string[]): Fields =>
          Object.fromEntries(Object.entries(some).filter(([name]) => those.includes(name)));
        const mine = between(before, { ...only(before, right), ...ours });
        const yours = between(before, { ...only(before, left), ...theirs });
        const both = { ...ours, ...theirs };
        expect(apply(apply(before, mine), yours)).toEqual(both);
        expect(apply(apply(before, yours), mine)).toEqual(both);
      }),
    );
  });

  it('tell a field that is named like one of all objects from none', () => {
    expect(between({}, { toString: 1 }).get('toString')).toBe('1');
    expect(between({ toString: 1 }, {}).get('toString')).toBe('');
  });
});
