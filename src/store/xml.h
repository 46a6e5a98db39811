/* SPDX-License-Identifier: MIT */
/*
 * The XML of a server's answers, one element after another: elements and text, with the five entities that XML has by
 * itself. Attributes and comments are skipped. Documents that declare anything (<!DOCTYPE ...>), so that a few bytes
 * could stand for many, are refused, and so are deep ones.
 */
#ifndef ZARRC_STORE_XML_H
#define ZARRC_STORE_XML_H

#include <zarrc/base.h>

enum { ZARRC_XML_DEPTH = 16 };

typedef struct zarrc_xml_name {
  const char *ptr; /* in the document, without a prefix such as "s3:" */
  size_t n;
} zarrc_xml_name;

typedef enum zarrc_xml_event {
  ZARRC_XML_BEGIN, /* an element begins */
  ZARRC_XML_END,   /* it ends */
  ZARRC_XML_DONE   /* the whole document is well-formed */
} zarrc_xml_event;

/* A document of n bytes that is read. `text` is for the caller to make, and to clear. */
typedef struct zarrc_xml {
  const char *at, *end;
  zarrc_xml_name open[ZARRC_XML_DEPTH];
  int depth;      /* of elements that are open; at ZARRC_XML_END with the one that ends */
  zarrc_buf text; /* at ZARRC_XML_END: what stands in the element since the last event, decoded */
  bool has_root, ends, ends_at_once;
} zarrc_xml;

/* Goes on to the next event. ZARRC_CORRUPT: the document is not well-formed, or is one that is refused; ZARRC_LIMIT,
 * ZARRC_NO_MEMORY: `text` is full. */
zarrc_status zarrc_xml_next(zarrc_xml *xml, zarrc_xml_event *event, zarrc_error *error);

/* Returns whether the innermost open element has that name. */
bool zarrc_xml_is(const zarrc_xml *xml, const char *name);
/* Returns whether the text is that. */
bool zarrc_xml_says(const zarrc_xml *xml, const char *text);

#endif
