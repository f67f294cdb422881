# A static program in an image without a shell. git is not in it: mirrors (mirrors: in the configuration) need a
# machine that has it.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /bot ./cmd/bot && mkdir /data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /bot /bot
# The state; give it a volume. A new one takes over whose folder it is: WORKDIR alone would make it root's.
COPY --from=build --chown=65532:65532 /data /data
WORKDIR /data
USER 65532:65532
ENV BOT_STORE_PATH=/data/bot.db BOT_SERVER_ADDRESS=:8080
EXPOSE 8080
ENTRYPOINT ["/bot"]
CMD ["serve"]
