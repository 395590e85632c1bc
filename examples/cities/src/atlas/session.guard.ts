import {
  Injectable,
  ServiceUnavailableException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';

/** The demo runs without a Redis, and then there are no sessions. */
export class NoSessionsException extends ServiceUnavailableException {
  constructor() {
    super('These pages keep what you do in a session, and sessions need a Redis.');
  }
}

/** Says so where the demo was started without a Redis. */
@Injectable()
export class SessionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { session } = context.switchToHttp().getRequest<{ session?: object }>();
    if (session === undefined) throw new NoSessionsException();
    return true;
  }
}
