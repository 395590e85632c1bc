import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { SessionOptions } from 'nestjs-redis-cache';

/** The sessions of the pages; the API beside them has none. */
export function sessionOptions(secret: string | undefined): SessionOptions {
  return {
    secret: secret ?? temporarySecret(),
    cookie: { path: '/atlas' },
    exclude: ['/atlas/assets/*'],
    // Until the browser ends, unless somebody asks to be kept signed in; a month at most in any case.
    ttl: null,
    absoluteTtl: '31d',
    userId: ({ user }) => (typeof user === 'string' ? user : undefined),
    device: true,
    maxPerUser: 20,
  };
}

function temporarySecret(): string {
  new Logger('Atlas').warn(
    'SESSION_SECRET is not set: sessions are signed with a random secret, and end with this process.',
  );
  return randomBytes(32).toString('base64url');
}
