/* SPDX-License-Identifier: MIT */
#include "options.h"

/* clang-format off */
const cli_verb cli_verbs[] = {
    {CLI_VERB_INFO, "info", "URL", 1, 1, "<file>", "show the structure of an array or group in one screen",
     "Prints what lies at URL: for an array its shape, data type, fill value, a table of chunks (and shards, with the "
     "inner chunks in each) and the codec chain; for a group its children. Lines that begin with \"note:\" say where the metadata "
     "of a readable array break the specification, and what other programs may fail to read. An array with an unknown data "
     "type or codec is shown too, with the reason why its elements cannot be read.",
     "zarrc info data.zarr/temperature --stored\nzarrc info data.zarr -a --json", cli_info},
    {CLI_VERB_LS, "ls", "URL", 1, 1, "<file>", "list a hierarchy, one node per line",
     "Lists the node at URL and all nodes below it: path, shape and data type. A node that cannot be read is listed with the "
     "reason; the exit status is then that of the first such node.",
     "zarrc ls data.zarr\nzarrc ls data.zarr -l -d 1", cli_ls},
    {CLI_VERB_TREE, "tree", "URL", 1, 1, "<file>", "draw a hierarchy as a tree",
     "Draws the node at URL and all nodes below it, with shape and data type. Nodes that cannot be read are treated as by ls.",
     "zarrc tree data.zarr -l", cli_ls},
    {CLI_VERB_GET, "get", "URL", 1, 1, "<file>", "read an array or a part of it",
     "Reads the elements that --select names, all of them without it, and writes them in C order to a file or to standard "
     "output. Chunks that are not stored read as the fill value. Data is streamed in slabs along the first axis, so arrays "
     "larger than memory can be read.\n\n"
     "The format comes from --format, or from the suffix of the output file (.npy .raw .bin .csv .json .txt). Without "
     "either, standard output gets json, and npy with -o -. raw is packed little-endian elements in C order; an element of "
     "variable length is preceded by its length in 4 bytes. csv has one line for each row along the last axis. lines has "
     "one element per line: strings as plain text (a string that contains a line break is refused: use json), all "
     "other types as JSON. JSON writes elements as zarr.json writes fill values, bytes as base64.",
     "zarrc get data.zarr/t -s '0,10:20,::4'\nzarrc get data.zarr/t -o t.npy\nzarrc get data.zarr/t --format raw -o - | "
     "sha256sum", cli_get},
    {CLI_VERB_PUT, "put", "URL", 1, 1, "<file>", "write into an existing array",
     "Writes elements into the part of the array that --select names, or into all of it. The input is a .npy file with the "
     "data type of the array and the shape of the selection; raw: packed little-endian elements in C order, each element of "
     "variable length preceded by its length in 4 bytes; json: lists nested like the selection, or one flat list; or lines: "
     "one element per line. json, lines and raw elements of variable length are held in memory as a whole; all else is "
     "streamed.\n\n"
     "The format comes from --format, or from the suffix of the input file (.npy .raw .bin .json .txt); it is npy for "
     "standard input. put reads json and lines as get writes them.",
     "zarrc put data.zarr/t -i t.npy\nzarrc put data.zarr/t -s '3,:,:' -i - < plane.npy", cli_put},
    {CLI_VERB_CREATE, "create", "URL", 1, 1, "<file>", "make a new array or group",
     "Writes the metadata of a new array, or with --group of a new group. It refuses to replace anything unless --overwrite "
     "is given, which replaces an array or group with all that is below it, once the new node is complete. Files that are "
     "not Zarr are removed only with --force, and only inside an array or group.\n\n"
     "SPEC, a codec chain, is a short form, JSON, or @FILE with either. The short form lists names with arguments in "
     "parentheses: bytes(little|big), transpose(2,1,0), gzip(LEVEL), zstd(LEVEL,checksum), "
     "blosc(CNAME,LEVEL,SHUFFLE,TYPESIZE,BLOCKSIZE), crc32c, or NAME(KEY=VALUE,...). If the short form has no codec "
     "that turns the array into bytes, one for little-endian bytes is added. Lines that begin with \"note:\" say what other "
     "programs may fail to read of the new array.\n\n"
     "--zarr-format 2 makes a .zarray with its .zattrs, or a .zgroup. The options mean the same: the codecs become filters "
     "and a compressor, dimension names the attribute _ARRAY_DIMENSIONS, and chunk keys are 0.0 (0/0 with --separator /). "
     "What format 2 has no words for, such as shards, is refused.",
     "zarrc create a.zarr --shape 1000,1000 --dtype float32 -c 100,100 --codecs 'blosc(zstd,5,shuffle),crc32c'\n"
     "zarrc create old.zarr --shape 1000 --dtype float64 --codecs 'blosc(lz4,5)' --zarr-format 2\n"
     "zarrc create a.zarr --group", cli_create},
    {CLI_VERB_COPY, "copy", "SRC DST", 2, 2, "<file>", "copy an array or a hierarchy, with other chunks or codecs",
     "Copies the array or the whole group at SRC to DST: attributes, dimension names, fill value and values are kept; "
     "chunks, shards and codecs are kept unless options change them. Regions of whole destination chunks (or shards) are "
     "copied in parallel, as many at once as threads and --memory allow; a shard larger than --memory is read and written "
     "in parts. SRC is only read. The copy is of Zarr format 3, or with --zarr-format 2 of format 2, which has no shards "
     "(-s none).\n\n"
     "In a hierarchy -c and -s apply to the arrays with as many dimensions as there are numbers; there must be one. Files "
     "that are not Zarr are counted, and copied with --other-files; consolidated metadata are left out. With -c alone a "
     "sharded array keeps its shards; -s none removes them. An array with an unknown data type or codec keeps its chunks, "
     "codecs and keys, and its stored chunks are copied as they are.\n\n"
     "The copy is made in .NAME.zarrc-partial beside DST and replaces DST as a whole when it is complete; until then, and "
     "after a failure, DST stays as it was. --overwrite replaces an array or group with all that is below it (-n shows "
     "what). Files that are not Zarr are removed only with --force, and only inside an array or group; so are links that "
     "lead out of the store, unless --follow-links takes what they lead to for a part of it. Links are removed, never what "
     "they lead to. What cannot be removed of the old version stays in .NAME.zarrc-partial, with a note; the next "
     "--overwrite tries again. An interrupted copy is kept: --resume continues it and removes from it what SRC no longer "
     "has, --overwrite starts again. If DST is complete, --resume adds the chunks that it lacks. Empty chunks, chunks of "
     "an impossible size, and what cannot be opened, count as lacking; with --check, chunks that are damaged or differ are "
     "written again.",
     "zarrc copy in.zarr out.zarr -c 64,64,64 --codecs 'zstd(5)'\nzarrc copy in.zarr out.zarr -n\n"
     "zarrc copy in.zarr out.zarr --resume --check", cli_copy},
    {CLI_VERB_MIGRATE, "migrate", "URL", 1, 1, "<file>", "change the Zarr format of a hierarchy in place",
     "Writes a zarr.json for each array and group at and below URL, from the metadata of Zarr format 2 that are there. Chunks stay "
     "where and as they are. Every node is checked before anything is written; one that format 3 cannot express, such as "
     "Python objects that pickle has stored, is refused.\n\n"
     "The metadata of format 2 stay, so that other programs can go on using them, but where both are, zarr.json counts. "
     "--remove-v2-metadata removes them, in the same call or a later one; it refuses if they say something else by "
     "now, because one of both was changed, or have members that format 3 has no place for, unless --force is given.\n\n"
     "--zarr-format 2 goes back: each zarr.json is replaced by metadata of format 2. Those that are still there and say the "
     "same stay as they are; if they say something else it is refused, unless --force is given. An array that was made in format 3 has other chunk keys, or codecs, and is refused: use zarrc "
     "copy --zarr-format 2.\n\n"
     "A group that has consolidated metadata has them in the new format, too, made of the documents below it. A .zmetadata that describes what has "
     "changed since is written anew; where format 3 has no consolidated metadata it is removed, and a note says so.\n\n"
     "An interrupted call can be repeated. Only whole hierarchies can be migrated, not a part below a group. What lies below "
     "a folder that is no group is left as it is, and a note says so.",
     "zarrc migrate old.zarr -n\nzarrc migrate old.zarr\nzarrc migrate old.zarr --remove-v2-metadata\n"
     "zarrc migrate old.zarr --zarr-format 2", cli_migrate},
    {CLI_VERB_ENCODE, "encode", "", 0, 0, NULL, "encode one chunk with an array's codecs",
     "Reads one chunk as raw elements (packed, little-endian, C order; each element of variable length preceded by its "
     "length in 4 bytes, little-endian) and writes the bytes that a store would hold.",
     "zarrc encode --metadata a.zarr/zarr.json -i chunk.raw -o chunk.bin", cli_encode},
    {CLI_VERB_DECODE, "decode", "", 0, 0, NULL, "decode one stored chunk of an array",
     "Reads the stored bytes of one chunk and writes its raw elements, in the form that encode reads.",
     "zarrc decode --metadata a.zarr/zarr.json -i a.zarr/c/0/0 -o chunk.raw -v", cli_decode},
    {CLI_VERB_SHARD, "shard", "ls|extract URL|FILE", 2, 2, "<file>", "look into shards: their index and inner chunks",
     "ls lists the index of each stored shard of the array at URL, or of the one that --chunk or FILE names: a line for "
     "each inner chunk with its coordinates in the shard, offset, bytes and state (ok, missing, corrupt entry; with "
     "--deep the result of decoding it), then the totals: inner chunks that are present and missing, bytes of data, "
     "holes (bytes that belong to no inner chunk) and overlaps (bytes that several inner chunks claim).\n\n"
     "extract writes the stored bytes of the inner chunk that --inner names, or with --decode its elements: packed, "
     "little-endian, C order; each element of variable length preceded by its length in 4 bytes, little-endian.\n\n"
     "FILE is a shard in the folder of its array, or with --metadata any file. If a transpose comes before "
     "sharding_indexed, the shard, its inner chunks and their elements are in transposed order. Damage is reported, and "
     "the exit status is 6.",
     "zarrc shard ls data.zarr --chunk 0,3 --deep\nzarrc shard ls data.zarr/c/0/3\n"
     "zarrc shard extract data.zarr --chunk 0,3 --inner 1,7 --decode -o inner.raw", cli_shard_verb},
    {CLI_VERB_VERIFY, "verify", "URL", 1, 1, "<file>", "find what is wrong with stored data",
     "Looks at everything at and below URL, and prints a line for each fault: what is wrong, in which key, chunk, inner chunk and "
     "byte, and what can be done. It looks at the documents of all arrays and groups, consolidated metadata that say something else, "
     "keys that belong to no chunk, sizes that cannot be, the indices of shards, and what killed writers have left; with --deep also "
     "at the chunks themselves, which are decoded. Nothing is written.\n\n"
     "A \"note\" is worth a remark, but everything can be read. Chunks that are not stored are fill value, and no fault, unless a digest has them. The exit "
     "status is 0, or 1 if there are faults. With --json there is one document for each line: severity, key, chunk, inner, byte, codec, "
     "what, fix.",
     "zarrc verify data.zarr\nzarrc verify data.zarr --deep --json | jq -r .key", cli_verify},
    {CLI_VERB_DIGEST, "digest", "URL", 1, 1, "<file>", "write a digest of stored data, to find changes later",
     "Writes the SHA-256 of each key at and below URL, and of each inner chunk in shards, with a root over all of them: the same bytes "
     "have the same root on every machine. verify --digest compares with it, and so finds also what no checksum tells: chunks that were "
     "lost, exchanged or changed. sha256sum --check reads the file, too.\n\n"
     "With --values there is a second root, over the elements and the metadata: it is the same for all copies, whatever their chunks, "
     "codecs and Zarr format.",
     "zarrc digest data.zarr -o data.digest\nzarrc verify data.zarr --digest data.digest\n(cd data.zarr && sha256sum --check --quiet "
     "../data.digest)", cli_digest},
    {CLI_VERB_CONSOLIDATE, "consolidate", "URL", 1, 1, "<file>", "gather the metadata of a hierarchy in one document",
     "Writes the documents of all arrays and groups below the group at URL into one: its zarr.json, or in Zarr format 2 its "
     ".zmetadata. Then ls, tree, info and copy, zarr-python and others read that one only. What zarrc creates or changes below "
     "the group later is changed there too; after changes by other programs, run this again. Arrays and groups that only the "
     "present consolidated metadata describe, because they have no document of their own, are dropped only with --force.\n\n"
     "--check writes nothing and lists the nodes whose documents are not what the consolidated metadata say: one line for each, "
     "and the exit status is 6 if there are any.",
     "zarrc consolidate data.zarr\nzarrc consolidate data.zarr --check", cli_consolidate},
    {CLI_VERB_COMPLETION, "completion", "SHELL", 1, 1, "bash zsh fish", "print a completion script",
     "Prints a script that completes verbs and options in bash, zsh or fish.",
     "zarrc completion bash > ~/.local/share/bash-completion/completions/zarrc", cli_completion},
    {CLI_VERB_HELP, "help", "[VERB]", 0, 1, NULL, "explain the command or a verb",
     "Prints how to use the command, or one of its verbs. --man prints the whole manual page, in roff.",
     "zarrc help copy", cli_help},
};

#define VALUES  (CLI_VERB_GET | CLI_VERB_PUT)
#define CODING  (CLI_VERB_ENCODE | CLI_VERB_DECODE)
#define MAKING  (CLI_VERB_CREATE | CLI_VERB_COPY)
#define STORING (CLI_VERB_CREATE | CLI_VERB_COPY | CLI_VERB_PUT | CLI_VERB_MIGRATE)
#define READING (CLI_VERB_INFO | CLI_VERB_LS | CLI_VERB_TREE | CLI_VERB_GET | CLI_VERB_VERIFY | CLI_VERB_DIGEST)
#define MOVING  (CLI_VERB_GET | CLI_VERB_PUT | CLI_VERB_COPY)

const cli_option cli_options[] = {
    {CLI_ATTRIBUTES, CLI_VERB_INFO, 'a', "attributes", NULL, NULL, "show the attributes too"},
    {CLI_STORED, CLI_VERB_INFO, 0, "stored", NULL, NULL, "show the number of stored objects, their bytes, the ratio, and what killed writers left"},
    {CLI_DEPTH, CLI_VERB_LS | CLI_VERB_TREE, 'd', "depth", "N", NULL, "go down at most N levels"},
    {CLI_LONG, CLI_VERB_LS | CLI_VERB_TREE, 'l', "long", NULL, NULL, "add chunk shape, stored bytes and a bar chart of them"},
    {CLI_SELECT, VALUES, 's', "select", "SEL", NULL,
     "the part to work on, in NumPy's notation: 0,10:20,::4,[1,5,9] (a number drops the axis, ... stands for whole axes, "
     "lists on several axes select every combination; steps are positive)"},
    {CLI_INPUT, CLI_VERB_PUT | CODING, 'i', "input", "FILE", "<file>", "read from FILE; - is standard input"},
    {CLI_OUTPUT, CLI_VERB_GET | CODING | CLI_VERB_SHARD | CLI_VERB_DIGEST, 'o', "output", "FILE", "<file>",
     "write to FILE; - is standard output"},
    {CLI_FORMAT, CLI_VERB_GET, 0, "format", "FORMAT", "npy raw csv json lines", "format of the output"},
    {CLI_FORMAT, CLI_VERB_PUT, 0, "format", "FORMAT", "npy raw json lines", "format of the input, if its suffix does not tell"},
    {CLI_METADATA, CODING | CLI_VERB_SHARD, 0, "metadata", "FILE", "<file>", "the zarr.json or .zarray of the array"},
    {CLI_CHUNK, CLI_VERB_SHARD, 0, "chunk", "N,N,...", NULL, "the shard, by its coordinates in the grid of the array"},
    {CLI_INNER, CLI_VERB_SHARD, 0, "inner", "N,N,...", NULL, "the inner chunk to extract, by its coordinates in the shard"},
    {CLI_DECODE, CLI_VERB_SHARD, 0, "decode", NULL, NULL, "extract elements, not stored bytes"},
    {CLI_DEEP, CLI_VERB_SHARD, 0, "deep", NULL, NULL, "decode every inner chunk that is listed"},
    {CLI_DEEP, CLI_VERB_VERIFY, 0, "deep", NULL, NULL, "also decode all chunks"},
    {CLI_DIGEST, CLI_VERB_VERIFY, 0, "digest", "FILE", "<file>", "also compare with what zarrc digest has written"},
    {CLI_VALUES, CLI_VERB_DIGEST, 0, "values", NULL, NULL, "also hash the elements and the metadata, whatever the chunks and codecs"},
    {CLI_AFTER, CLI_VERB_VERIFY, 0, "after", "KEY", NULL, "leave out keys up to KEY, to go on after an interruption"},
    {CLI_FORCE, CLI_VERB_GET | CODING | CLI_VERB_SHARD, 'f', "force", NULL, NULL, "write binary data even to a terminal"},
    {CLI_FORCE, MAKING, 'f', "force", NULL, NULL, "with --overwrite: also remove files that are not Zarr"},
    {CLI_SHAPE, CLI_VERB_CREATE, 0, "shape", "N,N,...", NULL, "shape of the array; () for a single element"},
    {CLI_DTYPE, CLI_VERB_CREATE, 0, "dtype", "TYPE", NULL, "data type: int32, float64, ... or its JSON; with --zarr-format 2 also NumPy's, such as >i2"},
    {CLI_CHUNKS, MAKING, 'c', "chunks", "N,N,...", NULL, "shape of the chunks (with shards: of the inner chunks)"},
    {CLI_SHARDS, MAKING, 's', "shards", "N,N,...", NULL, "shape of the shards; the word none: no shards"},
    {CLI_CODECS, MAKING, 0, "codecs", "SPEC", NULL, "codec chain of the chunks (see zarrc help create)"},
    {CLI_FILL_VALUE, CLI_VERB_CREATE, 0, "fill-value", "JSON", NULL, "value of elements that were never written"},
    {CLI_ATTRIBUTES, CLI_VERB_CREATE, 0, "attributes", "JSON", NULL, "a JSON object, or @FILE"},
    {CLI_DIMENSION_NAMES, CLI_VERB_CREATE, 0, "dimension-names", "NAME,...", NULL,
     "a name for each axis; leave one empty for no name"},
    {CLI_KEY_ENCODING, MAKING, 0, "key-encoding", "NAME", "default v2", "encoding of chunk keys"},
    {CLI_SEPARATOR, MAKING, 0, "separator", "CHAR", "/ .", "separator of the numbers in a chunk key"},
    {CLI_ORDER, CLI_VERB_CREATE, 0, "order", "ORDER", "C F", "order of the elements in stored chunks; F adds a transpose to the codecs"},
    {CLI_ZARR_FORMAT, CLI_VERB_CREATE, 0, "zarr-format", "N", "2 3", "Zarr format of the new node (default: 3)"},
    {CLI_ZARR_FORMAT, CLI_VERB_COPY, 0, "zarr-format", "N", "2 3", "Zarr format of the copy (default: 3, whatever the source has)"},
    {CLI_ZARR_FORMAT, CLI_VERB_MIGRATE, 0, "zarr-format", "N", "2 3", "Zarr format to be made (default: 3)"},
    {CLI_REMOVE_V2, CLI_VERB_MIGRATE, 0, "remove-v2-metadata", NULL, NULL, "remove the metadata of format 2"},
    {CLI_FORCE, CLI_VERB_MIGRATE, 'f', "force", NULL, NULL, "remove or replace metadata of format 2 even if they say something else by now"},
    {CLI_FORCE, CLI_VERB_CONSOLIDATE, 'f', "force", NULL, NULL, "also drop what only the present consolidated metadata describe"},
    {CLI_DRY_RUN, CLI_VERB_MIGRATE, 'n', "dry-run", NULL, NULL, "check everything, and only list what would be written and removed"},
    {CLI_QUIET, CLI_VERB_MIGRATE, 'q', "quiet", NULL, NULL, "no summary"},
    {CLI_GROUP, CLI_VERB_CREATE, 0, "group", NULL, NULL, "make a group, not an array"},
    {CLI_OVERWRITE, MAKING, 0, "overwrite", NULL, NULL, "replace the array or group that is there"},
    {CLI_RESUME, CLI_VERB_COPY, 0, "resume", NULL, NULL, "continue a copy that was interrupted"},
    {CLI_OTHER_FILES, CLI_VERB_COPY, 0, "other-files", NULL, NULL, "also copy files that are not Zarr"},
    {CLI_CHECK, CLI_VERB_COPY, 0, "check", NULL, NULL, "read back what was written and compare"},
    {CLI_CHECK, CLI_VERB_CONSOLIDATE, 0, "check", NULL, NULL, "list what differs from the documents, and write nothing"},
    {CLI_DRY_RUN, CLI_VERB_COPY, 'n', "dry-run", NULL, NULL, "only show the plan: objects, bytes, memory, requests"},
    {CLI_WRITE_EMPTY, CLI_VERB_PUT | CLI_VERB_COPY, 0, "write-empty-chunks", NULL, NULL,
     "also store chunks that hold nothing but the fill value"},
    {CLI_FAST_GZIP, CLI_VERB_PUT | CLI_VERB_COPY | CLI_VERB_ENCODE, 0, "fast-gzip", NULL, NULL,
     "encode gzip, at any level but 0, with ISA-L: several times as fast, a little larger"},
    {CLI_SYNC, STORING | CLI_VERB_CONSOLIDATE, 0, "sync", "WHEN", "none data",
     "make writes survive a power cut (data), or only the end of the process (none, the default)"},
    {CLI_FOLLOW_LINKS, READING | STORING | CLI_VERB_SHARD | CLI_VERB_CONSOLIDATE, 0, "follow-links", NULL, NULL, "follow symbolic links that lead out of a store"},
    {CLI_STRICT, (READING & ~(CLI_VERB_VERIFY | CLI_VERB_DIGEST)) | CODING | CLI_VERB_PUT | CLI_VERB_COPY | CLI_VERB_SHARD, 0, "strict", NULL, NULL,
     "refuse metadata that violates the specification (default: read it, with a note)"},
    {CLI_DIRECT, MOVING, 0, "direct-io", NULL, NULL,
     "bypass the page cache, where the file system allows that"},
    {CLI_NO_CONSOLIDATED, (READING & ~(CLI_VERB_VERIFY | CLI_VERB_DIGEST)) | CLI_VERB_PUT | CLI_VERB_COPY, 0, "no-consolidated", NULL, NULL,
     "ignore consolidated metadata; find arrays and groups by their own documents"},
    {CLI_HEADER, READING | CLI_VERB_COPY, 0, "header", "TEXT", NULL,
     "send this line with each request over HTTP, to the server of the URL only: 'Authorization: Bearer ...'; may be given several times"},
    {CLI_ANONYMOUS, READING | STORING | CLI_VERB_CONSOLIDATE, 0, "anonymous", NULL, NULL,
     "send no credentials to S3, whatever the environment has"},
    {CLI_ENDPOINT, READING | STORING | CLI_VERB_CONSOLIDATE, 0, "endpoint", "URL", NULL,
     "the server of s3:// URLs, if it is not AWS (default: AWS_ENDPOINT_URL, or that of the AWS profile)"},
    {CLI_CACHE, READING | CLI_VERB_COPY, 0, "cache", "SIZE", NULL,
     "keep what is read over HTTP or from S3 in memory, SIZE at most: 64M, ..."},
    {CLI_CACHE_DIR, READING | CLI_VERB_COPY, 0, "cache-dir", "DIR", "<file>",
     "keep it in the folder DIR, too, for later runs, which only ask whether it is still the same"},
    {CLI_CACHE_DIR_SIZE, READING | CLI_VERB_COPY, 0, "cache-dir-size", "SIZE", NULL,
     "the most to keep in the folder of --cache-dir (default: 1G)"},
    {CLI_STATS, READING | STORING | CLI_VERB_SHARD | CLI_VERB_CONSOLIDATE, 0, "stats", NULL, NULL,
     "tell, on standard error, what was asked of stores over a network: requests, bytes, connections, and what a cache had"},
    {CLI_THREADS, CLI_VERB_VERIFY | CLI_VERB_DIGEST, 'j', "jobs", "N", NULL, "chunks that are looked at at once; 0, the default: as many as the process may use processors"},
    {CLI_THREADS, MOVING, 'T', "threads", "N", NULL, "threads that work at once; 0, the default: as many as the process may use"},
    {CLI_MEMORY, CLI_VERB_VERIFY | CLI_VERB_DIGEST, 0, "memory", "SIZE", NULL, "the most memory for documents and chunks: 512M, 1G, ... (default: no limit)"},
    {CLI_MEMORY, MOVING, 0, "memory", "SIZE", NULL, "the most memory for data: 512M, 1G, ... (default: 1G for elements, no limit for chunks)"},
    {CLI_MEMORY, CLI_VERB_INFO | CLI_VERB_LS | CLI_VERB_TREE, 0, "memory", "SIZE", NULL, "the most memory for documents: 16M, 1G, ... (default: no limit)"},
    {CLI_PROGRESS, MOVING | CLI_VERB_VERIFY, 0, "progress", "WHEN", "auto always never", "when to show progress"},
    {CLI_MAN, CLI_VERB_HELP, 0, "man", NULL, NULL, "print the manual page"},
    {CLI_JSON, CLI_VERB_ALL, 0, "json", NULL, NULL, "print one JSON document, in which NaN and infinities are strings; errors are JSON too"},
    {CLI_QUIET, CLI_VERB_VERIFY | CLI_VERB_DIGEST, 'q', "quiet", NULL, NULL, "no progress, no summary"},
    {CLI_QUIET, MOVING, 'q', "quiet", NULL, NULL, "no progress, no summary"},
    {CLI_VERBOSE, CODING, 'v', "verbose", NULL, NULL, "report the size after each codec, on standard error"},
    {CLI_VERBOSE, CLI_VERB_COPY, 'v', "verbose", NULL, NULL, "report requests, bytes and memory, on standard error"},
    {CLI_HELP, CLI_VERB_ALL, 'h', "help", NULL, NULL, "explain the verb"},
};
/* clang-format on */

const size_t cli_nverbs = sizeof cli_verbs / sizeof cli_verbs[0];
const size_t cli_noptions = sizeof cli_options / sizeof cli_options[0];
