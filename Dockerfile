# The image of a Noema node, and of the command line beside it.
#
#   docker build -t noema .
#   docker run -p 9944:9944 noema                               a development chain
#   docker run -p 30333:30333 -v noema:/data noema \
#       --base-path /data --chain FILE --validator              a validator
#
# Keys, database and all else that a node keeps are in /data, owned by user 10001.

ARG DEBIAN=debian:trixie-slim

FROM ${DEBIAN} AS build
RUN apt-get update \
	&& DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
		build-essential ca-certificates curl git pkg-config protobuf-compiler \
	&& rm -rf /var/lib/apt/lists/*
WORKDIR /noema
ENV PATH=/root/.cargo/bin:$PATH
# Rust and its Wasm target change less often than the sources.
COPY rust-toolchain.toml ./
COPY scripts/common.sh scripts/setup.sh scripts/
RUN scripts/setup.sh
COPY . .
# What `noema-node --version` says; the history is not part of the build.
ARG COMMIT=unknown
ENV SUBSTRATE_CLI_GIT_COMMIT_HASH=${COMMIT}
RUN cargo build --release --locked --workspace --bins --examples \
	&& install -D -t /out target/release/noema-node target/release/noema

FROM ${DEBIAN}
RUN apt-get update \
	&& DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates \
	&& rm -rf /var/lib/apt/lists/* \
	&& groupadd --gid 10001 noema \
	&& useradd --uid 10001 --gid 10001 --home-dir /data --shell /usr/sbin/nologin noema \
	&& install -d -o noema -g noema /data
COPY --from=build /out/noema-node /out/noema /usr/local/bin/
# A binary that does not start should fail the build, not the first run.
RUN noema-node --version && noema --version
USER 10001:10001
WORKDIR /data
VOLUME /data
# Peers, JSON-RPC, Prometheus.
EXPOSE 30333 9944 9615
# The node answers its RPC port: whether it follows the chain is for metrics to tell.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
	CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9944 && printf 'GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && grep -q isSyncing <&3"]
ENTRYPOINT ["noema-node"]
CMD ["--base-path", "/data", "--dev", "--rpc-external", "--prometheus-external"]
