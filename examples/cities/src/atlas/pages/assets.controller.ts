import { Controller, Get, Header, NotFoundException, Param, Res } from '@nestjs/common';
import { assets } from './assets.js';
import type { Reply } from './reply.js';

@Controller('atlas/assets')
export class AssetsController {
  @Get(':name')
  @Header('Cache-Control', 'public, max-age=31536000, immutable')
  @Header('X-Content-Type-Options', 'nosniff')
  file(@Param('name') name: string, @Res({ passthrough: true }) reply: Reply): string {
    const asset = assets.get(name);
    if (asset === undefined) throw new NotFoundException();
    reply.header('Content-Type', asset.type);
    return asset.text;
  }
}
