import { Catch, HttpException, Logger, UnauthorizedException, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { errorPage, type ErrorView } from './pages/error-page.js';
import { PAGE_HEADERS } from './pages/page.decorator.js';
import { NoSessionsException } from './session.guard.js';

const SIGN_IN = '/atlas/sign-in?done=needed';

/** Answers the errors of pages with pages, and leaves those of the API as they are. */
@Catch()
export class PageErrorsFilter extends BaseExceptionFilter {
  private readonly host: HttpAdapterHost;
  private readonly log = new Logger('Atlas');

  constructor(host: HttpAdapterHost) {
    super(host.httpAdapter);
    this.host = host;
  }

  override catch(error: unknown, context: ArgumentsHost): void {
    const { httpAdapter } = this.host;
    const [request, reply]: unknown[] = context.getArgs();
    if (String(httpAdapter.getRequestUrl(request)).startsWith('/atlas')) this.answer(error, reply);
    // oxlint-disable-next-line promise/valid-params, promise/no-promise-in-callback -- a filter, and no promise
    else super.catch(error, context);
  }

  private answer(error: unknown, reply: unknown): void {
    const { httpAdapter } = this.host;
    if (!(error instanceof HttpException)) this.log.error(error);
    const view = viewOf(error);
    for (const [name, value] of Object.entries(PAGE_HEADERS)) httpAdapter.setHeader(reply, name, value);
    if (error instanceof UnauthorizedException) {
      httpAdapter.setHeader(reply, 'Location', SIGN_IN);
      httpAdapter.reply(reply, '', 303);
    } else httpAdapter.reply(reply, errorPage(view), view.status);
  }
}

function viewOf(error: unknown): ErrorView {
  const status = error instanceof HttpException ? error.getStatus() : 500;
  if (error instanceof NoSessionsException) {
    const text = `${error.message} Start one, and then the demo: REDIS_URL=redis://127.0.0.1:6379 npm start`;
    return { status, title: 'No sessions without a Redis', text };
  }
  if (status === 503) {
    const text =
      'What you do here is kept in Redis, which does not answer right now. Nothing is lost, and you are still signed in: try again in a moment.';
    return { status, title: 'Back in a moment', text };
  }
  if (status === 404)
    return { status, title: 'There is no such page', text: 'Maybe its address was mistyped.' };
  const told = error instanceof HttpException && status < 500;
  return {
    status,
    title: told ? 'That did not work' : 'Something went wrong',
    text: told ? error.message : 'It is not your fault. Try again.',
  };
}
