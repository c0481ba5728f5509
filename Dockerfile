# An image that contains one static program, which does not run as root:
#   docker build -t footfall --build-arg VERSION=$(git describe --tags --always --dirty) --build-arg REVISION=$(git rev-parse HEAD) .
#   docker run -p 8080:8080 -v footfall:/data --stop-timeout 60 footfall
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# The repository is not in the image, so the version is an argument.
ARG VERSION=
ARG REVISION=
RUN CGO_ENABLED=0 go build -trimpath \
    -ldflags "-s -X github.com/footfall/footfall/internal/base/version.tag=$VERSION -X github.com/footfall/footfall/internal/base/version.revision=$REVISION" \
    -o /footfall ./cmd/footfall && mkdir /data && chown 65532:65532 /data && chmod 700 /data

FROM scratch
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title=footfall \
      org.opencontainers.image.source=https://github.com/footfall/footfall \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /footfall /footfall
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
ENV FOOTFALL_DATA=/data/footfall FOOTFALL_LISTEN=:8080
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# The first start after an upgrade of a large installation may take longer than
# the start period. The container is "starting" until it is done.
HEALTHCHECK --interval=30s --timeout=15s --start-period=5m CMD ["/footfall", "healthcheck"]
ENTRYPOINT ["/footfall"]
CMD ["serve"]
