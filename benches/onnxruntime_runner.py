#!/usr/bin/env python3
"""Holds one model in onnxruntime, on one thread, and runs it on command.

usage: onnxruntime_runner.py MODEL.onnx INPUT.pb...

Speaks as the runner of this crate does.
"""

import json
import sys
import time


def main():
    ready = {}
    try:
        import numpy
        import onnx
        import onnxruntime
        from onnx import numpy_helper

        ready["engine"] = f"onnxruntime {onnxruntime.__version__}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        inputs = []
        for path in sys.argv[2:]:
            proto = onnx.TensorProto()
            with open(path, "rb") as file:
                proto.ParseFromString(file.read())
            inputs.append(numpy_helper.to_array(proto))
        started = time.perf_counter_ns()
        session = onnxruntime.InferenceSession(
            sys.argv[1], options, providers=["CPUExecutionProvider"]
        )
        ready["build_ns"] = time.perf_counter_ns() - started
        feed = {info.name: value for info, value in zip(session.get_inputs(), inputs)}
        session.run(None, feed)
        session.run(None, feed)
    except Exception as error:
        ready["refused"] = str(error)
        print(json.dumps(ready), flush=True)
        return
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        command, argument = line.rstrip("\n").split(" ", 1)
        if command == "run":
            started = time.perf_counter_ns()
            for _ in range(int(argument)):
                session.run(None, feed)
            print(time.perf_counter_ns() - started, flush=True)
        elif command == "outputs":
            outputs = [output.astype(numpy.float64).ravel() for output in session.run(None, feed)]
            elements = numpy.concatenate(outputs)
            elements.tofile(argument)
            print(elements.size, flush=True)
        else:
            sys.exit(f"no command {command}")


if __name__ == "__main__":
    main()
