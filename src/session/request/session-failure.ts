import {
  ConflictException,
  HttpException,
  HttpStatus,
  InternalServerErrorException,
  ServiceUnavailableException,
} from '@nestjs/common';
import {
  InvalidOptionsError,
  PayloadTooLargeError,
  SerializationError,
  SessionGoneError,
} from '../../errors.js';

/** What a client is to do that got a 503: ask again after so many seconds. */
export const RETRY_AFTER = '1';

const UNAVAILABLE: number = HttpStatus.SERVICE_UNAVAILABLE;

/** What no other try mends: the session, or what the application says of it, is wrong. */
const MISTAKES = [InvalidOptionsError, PayloadTooLargeError, SerializationError, TypeError, ReferenceError];

/** What a client learns of what went wrong with its session. The cause is for filters and logs. */
export function sessionFailure(cause: unknown): HttpException {
  if (cause instanceof HttpException) return cause;
  if (cause instanceof SessionGoneError) {
    return new ConflictException('The session was ended meanwhile.', { cause });
  }
  if (MISTAKES.some((mistake) => cause instanceof mistake)) {
    return new InternalServerErrorException(undefined, { cause });
  }
  return new ServiceUnavailableException('Sessions are not available at the moment.', { cause });
}

/** Whether it may help to ask again. */
export function isUnavailable(failure: HttpException): boolean {
  return failure.getStatus() === UNAVAILABLE;
}
