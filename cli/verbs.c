/* SPDX-License-Identifier: MIT */
#include "options.h"

/* clang-format off */
const cli_verb cli_verbs[] = {
    {CLI_VERB_INFO, "info", "URL", 1, 1, "<file>", "show the structure of an array or group in one screen",
     "Prints what lies at URL: for an array its shape, data type, fill value, a table of chunks (and shards, with the "
     "inner chunks in each) and the codec chain; for a group its children. Lines \"note:\" tell what the metadata of an "
     "array have against the specification, though it can be read, and what other programs may not read. Of an array with "
     "an unknown data type or codec all is shown but its elements, with the reason.",
     "zarrc info data.zarr/temperature --stored\nzarrc info data.zarr -a --json", cli_info},
    {CLI_VERB_LS, "ls", "URL", 1, 1, "<file>", "list a hierarchy, one node a line",
     "Lists the node at URL and all below it: path, shape and data type. What cannot be read is listed with the reason, "
     "and makes the exit status that of the first such node.",
     "zarrc ls data.zarr\nzarrc ls data.zarr -l -d 1", cli_ls},
    {CLI_VERB_TREE, "tree", "URL", 1, 1, "<file>", "draw a hierarchy as a tree",
     "Draws the node at URL and all below it with shape and data type; what cannot be read as ls does.",
     "zarrc tree data.zarr -l", cli_ls},
    {CLI_VERB_GET, "get", "URL", 1, 1, "<file>", "read an array or a part of it",
     "Reads the elements that --select names, in C order, and writes them to the file or the stream. Chunks that are "
     "not there read as the fill value. Data is streamed in slabs along the first axis, so that arrays larger than "
     "memory can be read.\n\n"
     "The format comes from --format, or from the suffix of the output file (.npy .raw .bin .csv .json .txt); for "
     "standard output it is json, and npy with -o -. raw is packed little-endian elements in C order; elements of "
     "variable length follow a length of 4 bytes. csv has one line for each row along the last axis. lines has "
     "one element a line: text as it is for strings (one that has a line end in it is refused: use json), JSON for all "
     "other types. In JSON elements are written as fill values are: bytes as base64.",
     "zarrc get data.zarr/t -s '0,10:20,::4'\nzarrc get data.zarr/t -o t.npy\nzarrc get data.zarr/t --format raw -o - | "
     "sha256sum", cli_get},
    {CLI_VERB_PUT, "put", "URL", 1, 1, "<file>", "write into an array that exists",
     "Writes elements into the part of the array that --select names: a .npy file, whose type and shape must be those "
     "of the array and the selection; raw, packed little-endian elements in C order, those of variable length each "
     "behind a length of 4 bytes; json, lists nested as the selection is, or one flat list; or lines, one element a "
     "line. raw elements of variable length, json and lines are held in memory as a whole; all else is streamed.\n\n"
     "The format comes from --format, or from the suffix of the input file (.npy .raw .bin .json .txt); it is npy for "
     "standard input. json and lines are written as get writes them.",
     "zarrc put data.zarr/t -i t.npy\nzarrc put data.zarr/t -s '3,:,:' -i - < plane.npy", cli_put},
    {CLI_VERB_CREATE, "create", "URL", 1, 1, "<file>", "make a new array or group",
     "Writes the metadata of a new array. What exists already is refused unless --overwrite is given, which replaces "
     "arrays and groups with all that is below them, once the new node is complete. Files that are no Zarr are not "
     "removed, but with --force where they lie in an array or group.\n\n"
     "SPEC, a codec chain, is a short form, JSON, or @FILE with either. The short form lists names with arguments in "
     "brackets: bytes(little|big), transpose(2,1,0), gzip(LEVEL), zstd(LEVEL,checksum), "
     "blosc(CNAME,LEVEL,SHUFFLE,TYPESIZE,BLOCKSIZE), crc32c, or NAME(KEY=VALUE,...). Where the short form has no codec "
     "that turns the array into bytes, one for little-endian bytes is put in. What other programs may not read of the new "
     "array is told in lines \"note:\".",
     "zarrc create a.zarr --shape 1000,1000 --dtype float32 -c 100,100 --codecs 'blosc(zstd,5,shuffle),crc32c'\n"
     "zarrc create a.zarr --group", cli_create},
    {CLI_VERB_COPY, "copy", "SRC DST", 2, 2, "<file>", "copy an array or a hierarchy, with other chunks or codecs",
     "Copies the array or the whole group at SRC to DST: attributes, dimension names, fill value and values are kept; "
     "chunks, shards and codecs are kept unless told otherwise. Work is done in parallel over regions of whole "
     "destination chunks (or shards), as many at once as threads and --memory allow; a shard "
     "larger than --memory is read and written in parts. SRC is only read.\n\n"
     "In a hierarchy -c and -s apply to the arrays that have as many dimensions as numbers were given, and must fit one. Files "
     "that are no Zarr are counted, and copied with --other-files; consolidated metadata are left out. With -c alone a "
     "sharded array keeps its shards; -s none takes them away. An array with an unknown data type or codec keeps its chunks, "
     "codecs and keys, and its stored chunks are copied as they are.\n\n"
     "The copy is made aside, in .NAME.zarrc-partial beside DST, and takes the place of DST as a whole when it is complete; "
     "until then, and after a failure, DST is what it was. --overwrite replaces an array or group with all that is below "
     "it (-n tells what); files that are no Zarr are not removed, but with --force where they lie in an array or group; links "
     "out of the store only with --follow-links, which looks at what they lead to, and removes the links alone. "
     "An interrupted copy is kept aside: --resume goes on where it ended, --overwrite begins anew. Where DST is complete "
     "--resume adds the chunks that are missing in it: those that are empty or have a size that cannot be right count as "
     "missing, and with --check those that are damaged or differ are made anew.",
     "zarrc copy in.zarr out.zarr -c 64,64,64 --codecs 'zstd(5)'\nzarrc copy in.zarr out.zarr -n\n"
     "zarrc copy in.zarr out.zarr --resume --check", cli_copy},
    {CLI_VERB_ENCODE, "encode", "", 0, 0, NULL, "encode one chunk with an array's codecs",
     "Reads one chunk as raw elements (packed, little-endian, C order; elements of variable length each follow a "
     "little-endian length of 4 bytes) and writes what a store would hold.",
     "zarrc encode --metadata a.zarr/zarr.json -i chunk.raw -o chunk.bin", cli_encode},
    {CLI_VERB_DECODE, "decode", "", 0, 0, NULL, "decode one stored chunk of an array",
     "Reads the stored bytes of one chunk and writes its raw elements, framed as for encode.",
     "zarrc decode --metadata a.zarr/zarr.json -i a.zarr/c/0/0 -o chunk.raw -v", cli_decode},
    {CLI_VERB_SHARD, "shard", "ls|extract URL|FILE", 2, 2, "<file>", "look into shards: their index and inner chunks",
     "ls lists the index of each stored shard of the array at URL, or of the one that --chunk or FILE names: a line for "
     "each inner chunk with its coordinates in the shard, offset, bytes and state (ok, missing, corrupt entry; with "
     "--deep what decoding it says), then the sums: inner chunks that are there and that are missing, bytes of data, "
     "holes (bytes that belong to no inner chunk) and overlaps (bytes that several claim).\n\n"
     "extract writes the stored bytes of the inner chunk that --inner names, or with --decode its elements: packed, "
     "little-endian, C order; those of variable length each follow a little-endian length of 4 bytes.\n\n"
     "FILE is a shard in the folder of its array, or with --metadata any file. Where a transpose stands in front of "
     "sharding_indexed the shard, its inner chunks and their elements are in transposed order. Damage is reported and "
     "ends with status 6.",
     "zarrc shard ls data.zarr --chunk 0,3 --deep\nzarrc shard ls data.zarr/c/0/3\n"
     "zarrc shard extract data.zarr --chunk 0,3 --inner 1,7 --decode -o inner.raw", cli_shard_verb},
    {CLI_VERB_COMPLETION, "completion", "SHELL", 1, 1, "bash zsh fish", "print a completion script",
     "Prints a script that completes verbs and options in bash, zsh or fish.",
     "zarrc completion bash > ~/.local/share/bash-completion/completions/zarrc", cli_completion},
    {CLI_VERB_HELP, "help", "[VERB]", 0, 1, NULL, "explain the command or a verb",
     "Prints how the command, or one of its verbs, is used. With --man the whole manual page in roff.",
     "zarrc help copy", cli_help},
};

#define VALUES  (CLI_VERB_GET | CLI_VERB_PUT)
#define CODING  (CLI_VERB_ENCODE | CLI_VERB_DECODE)
#define MAKING  (CLI_VERB_CREATE | CLI_VERB_COPY)
#define STORING (CLI_VERB_CREATE | CLI_VERB_COPY | CLI_VERB_PUT)
#define READING (CLI_VERB_INFO | CLI_VERB_LS | CLI_VERB_TREE | CLI_VERB_GET)
#define MOVING  (CLI_VERB_GET | CLI_VERB_PUT | CLI_VERB_COPY)

const cli_option cli_options[] = {
    {CLI_ATTRIBUTES, CLI_VERB_INFO, 'a', "attributes", NULL, NULL, "show the attributes too"},
    {CLI_STORED, CLI_VERB_INFO, 0, "stored", NULL, NULL, "count the stored objects and bytes, the ratio, and what killed writers left"},
    {CLI_DEPTH, CLI_VERB_LS | CLI_VERB_TREE, 'd', "depth", "N", NULL, "go down at most N levels"},
    {CLI_LONG, CLI_VERB_LS | CLI_VERB_TREE, 'l', "long", NULL, NULL, "add chunks, stored bytes and a bar of them"},
    {CLI_SELECT, VALUES, 's', "select", "SEL", NULL,
     "the part to work on, as NumPy writes it: 0,10:20,::4,[1,5,9] (a number drops the axis, ... stands for whole axes, "
     "lists on several axes select every combination)"},
    {CLI_INPUT, CLI_VERB_PUT | CODING, 'i', "input", "FILE", "<file>", "read from FILE; - is standard input"},
    {CLI_OUTPUT, CLI_VERB_GET | CODING | CLI_VERB_SHARD, 'o', "output", "FILE", "<file>",
     "write to FILE; - is standard output"},
    {CLI_FORMAT, CLI_VERB_GET, 0, "format", "FORMAT", "npy raw csv json lines", "of the output"},
    {CLI_FORMAT, CLI_VERB_PUT, 0, "format", "FORMAT", "npy raw json lines", "of the input, where its suffix does not tell"},
    {CLI_METADATA, CODING | CLI_VERB_SHARD, 0, "metadata", "FILE", "<file>", "the zarr.json of the array"},
    {CLI_CHUNK, CLI_VERB_SHARD, 0, "chunk", "N,N,...", NULL, "the shard, by its coordinates in the grid of the array"},
    {CLI_INNER, CLI_VERB_SHARD, 0, "inner", "N,N,...", NULL, "the inner chunk to extract, by its coordinates in the shard"},
    {CLI_DECODE, CLI_VERB_SHARD, 0, "decode", NULL, NULL, "extract elements, not stored bytes"},
    {CLI_DEEP, CLI_VERB_SHARD, 0, "deep", NULL, NULL, "decode every inner chunk that is listed"},
    {CLI_FORCE, CLI_VERB_GET | CODING | CLI_VERB_SHARD, 'f', "force", NULL, NULL, "write binary data even to a terminal"},
    {CLI_FORCE, MAKING, 'f', "force", NULL, NULL, "with --overwrite: remove files that are no Zarr too"},
    {CLI_SHAPE, CLI_VERB_CREATE, 0, "shape", "N,N,...", NULL, "of the array; () for a single element"},
    {CLI_DTYPE, CLI_VERB_CREATE, 0, "dtype", "TYPE", NULL, "data type: int32, float64, ... or its JSON"},
    {CLI_CHUNKS, MAKING, 'c', "chunks", "N,N,...", NULL, "shape of the chunks (inside shards, where there are shards)"},
    {CLI_SHARDS, MAKING, 's', "shards", "N,N,...", NULL, "shape of the shards; none for none"},
    {CLI_CODECS, MAKING, 0, "codecs", "SPEC", NULL, "codec chain of the chunks (see zarrc help create)"},
    {CLI_FILL_VALUE, CLI_VERB_CREATE, 0, "fill-value", "JSON", NULL, "value of elements that were never written"},
    {CLI_ATTRIBUTES, CLI_VERB_CREATE, 0, "attributes", "JSON", NULL, "a JSON object, or @FILE"},
    {CLI_DIMENSION_NAMES, CLI_VERB_CREATE, 0, "dimension-names", "NAME,...", NULL,
     "a name for each axis; nothing between commas: no name"},
    {CLI_KEY_ENCODING, MAKING, 0, "key-encoding", "NAME", "default v2", "spelling of chunk keys"},
    {CLI_SEPARATOR, MAKING, 0, "separator", "CHAR", "/ .", "what stands between the numbers of a chunk key"},
    {CLI_GROUP, CLI_VERB_CREATE, 0, "group", NULL, NULL, "make a group, not an array"},
    {CLI_OVERWRITE, MAKING, 0, "overwrite", NULL, NULL, "replace the array or group that is there"},
    {CLI_RESUME, CLI_VERB_COPY, 0, "resume", NULL, NULL, "go on with a copy that was interrupted"},
    {CLI_OTHER_FILES, CLI_VERB_COPY, 0, "other-files", NULL, NULL, "copy files that are no Zarr, too"},
    {CLI_CHECK, CLI_VERB_COPY, 0, "check", NULL, NULL, "read back what was written and compare"},
    {CLI_DRY_RUN, CLI_VERB_COPY, 'n', "dry-run", NULL, NULL, "only show what would be done: objects, bytes, memory, requests"},
    {CLI_WRITE_EMPTY, CLI_VERB_PUT | CLI_VERB_COPY, 0, "write-empty-chunks", NULL, NULL,
     "store chunks in which all is fill value too"},
    {CLI_FAST_GZIP, CLI_VERB_PUT | CLI_VERB_COPY | CLI_VERB_ENCODE, 0, "fast-gzip", NULL, NULL,
     "encode gzip, of any level but 0, with ISA-L: several times as fast, a little larger"},
    {CLI_SYNC, STORING, 0, "sync", "WHEN", "none data",
     "make writes survive a power cut (data), or only the end of the process (none)"},
    {CLI_FOLLOW_LINKS, READING | STORING | CLI_VERB_SHARD, 0, "follow-links", NULL, NULL, "follow symbolic links that lead out of a store"},
    {CLI_DIRECT, MOVING, 0, "direct-io", NULL, NULL,
     "read and write files past the page cache, where the file system allows that"},
    {CLI_THREADS, MOVING, 'T', "threads", "N", NULL, "threads that work at once; 0: as many as there are"},
    {CLI_MEMORY, MOVING, 0, "memory", "SIZE", NULL, "the most memory for data, 512M, 1G, ...; unless told 1G for elements, and chunks of any size"},
    {CLI_PROGRESS, MOVING, 0, "progress", "WHEN", "auto always never", "when to show progress"},
    {CLI_MAN, CLI_VERB_HELP, 0, "man", NULL, NULL, "print the manual page"},
    {CLI_JSON, CLI_VERB_ALL, 0, "json", NULL, NULL, "print one JSON document, in which NaN and infinities are strings; errors as JSON too"},
    {CLI_QUIET, MOVING, 'q', "quiet", NULL, NULL, "no progress, no summary"},
    {CLI_VERBOSE, CODING, 'v', "verbose", NULL, NULL, "tell the size behind each codec, on standard error"},
    {CLI_VERBOSE, CLI_VERB_COPY, 'v', "verbose", NULL, NULL, "tell requests, bytes and memory, on standard error"},
    {CLI_HELP, CLI_VERB_ALL, 'h', "help", NULL, NULL, "explain the verb"},
};
/* clang-format on */

const size_t cli_nverbs = sizeof cli_verbs / sizeof cli_verbs[0];
const size_t cli_noptions = sizeof cli_options / sizeof cli_options[0];
