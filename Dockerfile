# The demo of examples/cities.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY examples ./examples
RUN npm run build && npm run build:demo

FROM node:22-bookworm-slim
# Inside the container every address: compose publishes the port on 127.0.0.1 only.
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
# Nest and the cities are development dependencies of this repository, so the demo needs them as well.
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/package.json ./
COPY --from=build /app/dist ./dist
COPY --from=build /app/examples/cities/dist ./examples/cities/dist
USER node
EXPOSE 3000
CMD ["node", "examples/cities/dist/main.js"]
