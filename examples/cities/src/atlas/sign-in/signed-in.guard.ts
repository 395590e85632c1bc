import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { VisitorSession } from '../visitor-session.js';

/** Lets in who is signed in; others are sent to sign in. */
@Injectable()
export class SignedInGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { session } = context.switchToHttp().getRequest<{ session: VisitorSession }>();
    if (session.user === undefined) throw new UnauthorizedException();
    return true;
  }
}
