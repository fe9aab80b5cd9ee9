#!/bin/sh
# Compiles Temporal's public .proto files into ./pb. Needs: pip install grpcio-tools
# and the files: git clone --depth 1 https://github.com/temporalio/api
# Usage: compile.sh [folder of the files, default api] [folder for what is made, default pb]
set -eu
protos="${1:-api}" made="${2:-pb}"
mkdir -p "$made"
made="$(cd "$made" && pwd)"
cd "$protos"
"${PYTHON:-python3}" -m grpc_tools.protoc -I . --python_out="$made" --grpc_python_out="$made" \
  $(find temporal/api google/api nexusannotations -name '*.proto')
