#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes examples/data/climate.zarr from the PyPI package iris-sample-data. See README.md beside this file.

    python -m venv v && v/bin/pip install iris-sample-data==2.5.2 netCDF4 zarr
    v/bin/python make_climate.py
"""
import pathlib

import iris_sample_data
import netCDF4
import zarr

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = pathlib.Path(iris_sample_data.path) / "A1B_north_america.nc"
CHUNKS = {"air_temperature": (12, 37, 49)}  # twelve maps; the other variables are one chunk each


def attributes(variable):
    """The netCDF attributes, as JSON can say them."""
    return {name: getattr(variable.getncattr(name), "item", lambda v=variable.getncattr(name): v)()
            for name in variable.ncattrs()}


def main():
    data = netCDF4.Dataset(SOURCE)
    data.set_auto_maskandscale(False)
    licence = {"origin": f"iris-sample-data 2.5.2, {SOURCE.name}",
               "licence": "Open Government Licence", "copyright": "British Crown copyright, 2018"}
    group = zarr.open_group(HERE / "climate.zarr", mode="w", zarr_format=3, attributes=attributes(data) | licence)
    for name in ("air_temperature", "time", "latitude", "longitude", "height"):
        variable = data[name]
        array = group.create_array(
            name, shape=variable.shape, dtype=variable.dtype, chunks=CHUNKS.get(name, variable.shape),
            compressors=zarr.codecs.ZstdCodec(level=9), attributes=attributes(variable),
            dimension_names=variable.dimensions)
        array[...] = variable[...]


main()
