import { Controller, Get } from '@nestjs/common';
import { hints, type Hint } from './hints.js';

@Controller()
export class AppController {
  @Get()
  hints(): readonly Hint[] {
    return hints;
  }
}
