import { Module } from '@nestjs/common';

/** A module that declares caches beside the feature that uses them. Made by `RedisCacheModule.forFeature()`. */
@Module({})
export class RedisCacheFeatureModule {}
