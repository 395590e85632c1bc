import { ForbiddenException, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';

interface FormRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/**
 * Refuses forms that another site sends. Browsers say where a form comes from, and no page can make them lie; `SameSite=Lax` of
 * the cookie is the other half.
 */
@Injectable()
export class SameOriginGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { method, headers } = context.switchToHttp().getRequest<FormRequest>();
    if (method === 'GET' || method === 'HEAD' || isSameOrigin(headers)) return true;
    throw new ForbiddenException('This form was sent by another site.');
  }
}

function isSameOrigin(headers: FormRequest['headers']): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const origin = headers['origin'];
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === headers['host'];
}
