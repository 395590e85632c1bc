import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Injectable } from '@nestjs/common';

const derive = promisify<string, Buffer, number, Buffer>(scrypt);

/** The users of the demo. They are shown on its sign-in page. */
export const DEMO_USERS: readonly { readonly name: string; readonly password: string }[] = [
  { name: 'ann', password: 'lighthouse' },
  { name: 'bob', password: 'boulevard' },
];

interface Account {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Who may sign in. A real application has this in its database: salt and hash, never the password. */
@Injectable()
export class Accounts {
  private readonly accounts = new Map<string, Promise<Account>>(
    DEMO_USERS.map(({ name, password }) => [name, accountOf(password)]),
  );
  private readonly nobody = accountOf(randomBytes(16).toString('hex'));

  /** Whether this is the password of this user. Takes as long for a name that nobody has. */
  async verify(name: string, password: string): Promise<boolean> {
    const { salt, hash } = await (this.accounts.get(name) ?? this.nobody);
    return timingSafeEqual(await derive(password, salt, hash.length), hash);
  }
}

async function accountOf(password: string): Promise<Account> {
  const salt = randomBytes(16);
  return { salt, hash: await derive(password, salt, 32) };
}
