# footfall as one static program that no root runs:
#   docker build -t footfall .
#   docker run -p 8080:8080 -v footfall:/data --stop-timeout 60 footfall
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /footfall ./cmd/footfall && mkdir /data && chown 65532:65532 /data && chmod 700 /data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /footfall /footfall
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
ENV FOOTFALL_DATA=/data/footfall FOOTFALL_LISTEN=:8080
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# Of a large installation the first start after an upgrade may take longer than
# the start period: until it is over, the container is "starting".
HEALTHCHECK --interval=30s --timeout=15s --start-period=5m CMD ["/footfall", "healthcheck"]
ENTRYPOINT ["/footfall"]
CMD ["serve"]
