import { describe, expect, it } from 'vitest';
import { withoutUser } from '../../../../src/session/record/user-fields.js';

interface Signed {
  passport?: { user?: string };
  uid?: string;
}

describe('what a session holds that is not its user’s', () => {
  const fields = { passport: { user: 'ann' }, theme: 'dark', cart: [1] };

  it('is all but the fields that tell whose it is', () => {
    const rest = { theme: 'dark', cart: [1] };
    expect(withoutUser(fields, (some) => (some as Signed).passport?.user)).toEqual(rest);
    // It throws where nobody is signed in.
    expect(withoutUser(fields, (some) => (some as { passport: { user: string } }).passport.user)).toEqual(
      rest,
    );
  });

  it('is everything while nobody is signed in', () => {
    expect(withoutUser({ theme: 'dark' }, (some) => (some as Signed).uid)).toEqual({ theme: 'dark' });
  });

  it('is nothing where two fields tell the same, so that none of them alone is missed', () => {
    const twice = { ...fields, uid: 'ann' };
    expect(withoutUser(twice, (some) => (some as Signed).uid ?? (some as Signed).passport?.user)).toEqual({});
  });

  it('is nothing where it cannot be told', () => {
    expect(withoutUser(fields, undefined)).toEqual({});
    const broken = (): never => {
      throw new Error('no');
    };
    expect(withoutUser(fields, broken)).toEqual({});
  });

  it('costs no copy of all fields for each of them', () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`f${at}`, at]));
    let copies = 0;
    const counted = new Proxy(
      { uid: 'ann', ...many },
      {
        ownKeys: (target) => {
          copies += 1;
          return Reflect.ownKeys(target);
        },
      },
    );
    expect(withoutUser(counted, (some) => (some as Signed).uid)).toEqual(many);
    expect(copies).toBeLessThan(10);
  });
});
