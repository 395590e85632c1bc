import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';

/** A request after the guard. */
export interface VisitorRequest {
  readonly headers: { readonly authorization?: string };
  user?: { readonly id: string };
}

/** Puts the visitor on the request. The token is the visitor's name: a real guard would check a signature here. */
@Injectable()
export class VisitorGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<VisitorRequest>();
    const [, id] = /^Bearer (\w{1,40})$/.exec(request.headers.authorization ?? '') ?? [];
    if (id === undefined) throw new UnauthorizedException('Say who you are: Authorization: Bearer ann');
    request.user = { id };
    return true;
  }
}

/** The visitor whom the guard has put on the request. */
export function visitorOf(context: ExecutionContext): string | undefined {
  return context.switchToHttp().getRequest<VisitorRequest>().user?.id;
}
