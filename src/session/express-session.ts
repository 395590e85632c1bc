import { createRequire } from 'node:module';
import { InvalidOptionsError } from '../errors.js';
import type { SessionCookie, SessionObject } from './request/session-object.js';

/** The classes of express-session. */
export interface ExpressSessionClasses {
  /** Takes a request with `sessionID` and `sessionStore`, and what the session holds. */
  readonly Session: new (request: object, data?: object) => SessionObject;
  readonly Cookie: new (options?: object) => SessionCookie;
}

let classes: ExpressSessionClasses | undefined;

/**
 * The classes of the application's own express-session, so that `instanceof` and what others add to them hold.
 *
 * @throws InvalidOptionsError when it is not installed
 */
export function expressSession(): ExpressSessionClasses {
  classes ??= load(createRequire(import.meta.url));
  return classes;
}

function load(require: NodeJS.Require): ExpressSessionClasses {
  try {
    return require('express-session') as ExpressSessionClasses;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new InvalidOptionsError(
      'session',
      'needs the package express-session: npm install express-session',
    );
  }
}
