# gc-plan on its own: docker build -t gc-plan . && docker run --rm -v "$PWD:/work" gc-plan check
FROM node:24.19.0-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm pack --pack-destination /tmp

FROM node:24.19.0-slim
COPY --from=build /tmp/gc-plan-*.tgz /tmp/
RUN npm install --global --omit=peer /tmp/gc-plan-*.tgz && rm /tmp/gc-plan-*.tgz
# The image’s user `node`, who is not root: reports land in /work with that number.
USER 1000:1000
WORKDIR /work
ENTRYPOINT ["gc-plan"]
