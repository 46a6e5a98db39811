/* SPDX-License-Identifier: MIT */
#include "store/xml.h"

#include "base/text.h"

#include <string.h>

static zarrc_status refuse(zarrc_error *error, const char *why) {
  return zarrc_fail(error, ZARRC_CORRUPT, "the server's answer is no XML that is understood: %s", why);
}

static zarrc_status cut(zarrc_error *error) {
  return refuse(error, "it ends too early");
}

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool starts(const zarrc_xml *x, const char *with) {
  size_t n = strlen(with);
  return (size_t)(x->end - x->at) >= n && !memcmp(x->at, with, n);
}

/* Moves behind the next occurrence of some text. Returns false if there is none. */
static bool skip_past(zarrc_xml *x, const char *what) {
  const char *found = memmem(x->at, (size_t)(x->end - x->at), what, strlen(what));
  if (found) x->at = found + strlen(what);
  return found != NULL;
}

/* -------------------------------------------------------------------------------------------------------- text */

/* Reads what stands between & and the semicolon, n bytes. Returns 0 if it is nothing that is known. */
static uint32_t read_entity(const char *p, size_t n) {
  static const struct {
    const char *name;
    char c;
  } rows[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (strlen(rows[i].name) == n && !memcmp(p, rows[i].name, n)) return (unsigned char)rows[i].c;
  if (n < 2 || *p != '#') return 0;
  bool is_hex = p[1] == 'x';
  uint32_t c = 0;
  size_t i = is_hex ? 2 : 1;
  if (i == n) return 0;
  for (; i < n; i++) {
    int digit = zarrc_hex_digit(p[i]);
    if (digit < 0 || (!is_hex && digit > 9)) return 0;
    c = c * (is_hex ? 16 : 10) + (uint32_t)digit;
    if (c > 0x10ffff) return 0;
  }
  return c;
}

static zarrc_status take_entity(zarrc_xml *x, zarrc_error *error) {
  size_t most = (size_t)(x->end - x->at) < 12 ? (size_t)(x->end - x->at) : 12;
  const char *semicolon = memchr(x->at, ';', most);
  char utf8[4];
  if (!semicolon) return refuse(error, "an entity without its end");
  uint32_t c = read_entity(x->at + 1, (size_t)(semicolon - x->at - 1));
  size_t n = c ? zarrc_char_put(utf8, c) : 0;
  if (n == 0) return refuse(error, "an unknown entity");
  x->at = semicolon + 1;
  return zarrc_buf_append(&x->text, utf8, n, error);
}

static zarrc_status take_text(zarrc_xml *x, zarrc_error *error) {
  const char *begin = x->at;
  while (x->at < x->end && *x->at != '<' && *x->at != '&') x->at++;
  if (x->depth > 0) return zarrc_buf_append(&x->text, begin, (size_t)(x->at - begin), error);
  for (; begin < x->at; begin++)
    if (!is_space(*begin)) return refuse(error, "text outside of the root");
  return ZARRC_OK;
}

static zarrc_status take_cdata(zarrc_xml *x, zarrc_error *error) {
  const char *begin = x->at += strlen("<![CDATA[");
  if (x->depth == 0) return refuse(error, "text outside of the root");
  if (!skip_past(x, "]]>")) return cut(error);
  return zarrc_buf_append(&x->text, begin, (size_t)(x->at - strlen("]]>") - begin), error);
}

/* -------------------------------------------------------------------------------------------------------- tags */

/* Returns whether a name ends before a character. */
static bool ends_name(char c) {
  switch (c) {
  case ' ':
  case '\t':
  case '\r':
  case '\n':
  case '/':
  case '>':
  case '=':
  case '<':
  case '&':
  case '"':
  case '\'':
  case '\0':
    return true;
  default:
    return false;
  }
}

/* Reads a name and leaves out its prefix. */
static zarrc_xml_name take_name(zarrc_xml *x) {
  const char *begin = x->at;
  while (x->at < x->end && !ends_name(*x->at)) {
    if (*x->at == ':') begin = x->at + 1;
    x->at++;
  }
  return (zarrc_xml_name){begin, (size_t)(x->at - begin)};
}

/* Skips attributes up to the end of a tag, in whose values a > may stand. */
static bool skip_attributes(zarrc_xml *x) {
  while (x->at < x->end && *x->at != '>' && *x->at != '<') {
    char c = *x->at++;
    if (c != '"' && c != '\'') continue;
    const char *close = memchr(x->at, c, (size_t)(x->end - x->at));
    if (!close) return false;
    x->at = close + 1;
  }
  return x->at < x->end && *x->at == '>';
}

static zarrc_status begin_element(zarrc_xml *x, zarrc_error *error) {
  x->at++;
  zarrc_xml_name name = take_name(x);
  if (name.n == 0) return refuse(error, "a tag without a name");
  if (x->depth == 0 && x->has_root) return refuse(error, "it has two roots");
  if (x->depth == ZARRC_XML_DEPTH) return refuse(error, "its elements are nested too deeply");
  if (!skip_attributes(x)) return cut(error);
  x->ends_at_once = x->at[-1] == '/';
  x->at++;
  x->has_root = true;
  x->open[x->depth++] = name;
  x->text.len = 0;
  return ZARRC_OK;
}

static zarrc_status end_element(zarrc_xml *x, zarrc_error *error) {
  x->at += 2;
  zarrc_xml_name name = take_name(x);
  while (x->at < x->end && is_space(*x->at)) x->at++;
  if (x->at == x->end) return cut(error);
  if (*x->at != '>') return refuse(error, "a closing tag with more than a name");
  x->at++;
  const zarrc_xml_name *open = x->depth > 0 ? &x->open[x->depth - 1] : NULL;
  if (!open || open->n != name.n || memcmp(open->ptr, name.ptr, name.n) != 0)
    return refuse(error, "a closing tag without its element");
  x->ends = true;
  return ZARRC_OK;
}

/* Takes what stands here. *event is set if that is an event; else *found is false. */
static zarrc_status take_one(zarrc_xml *x, zarrc_xml_event *event, bool *found, zarrc_error *error) {
  *found = false;
  if (*x->at == '&') return x->depth > 0 ? take_entity(x, error) : refuse(error, "text outside of the root");
  if (*x->at != '<') return take_text(x, error);
  if (starts(x, "<!--")) return skip_past(x, "-->") ? ZARRC_OK : cut(error);
  if (starts(x, "<![CDATA[")) return take_cdata(x, error);
  if (starts(x, "<?")) return skip_past(x, "?>") ? ZARRC_OK : cut(error);
  if (starts(x, "<!")) return refuse(error, "it has declarations");
  *found = true;
  bool closes = starts(x, "</");
  *event = closes ? ZARRC_XML_END : ZARRC_XML_BEGIN;
  return closes ? end_element(x, error) : begin_element(x, error);
}

zarrc_status zarrc_xml_next(zarrc_xml *x, zarrc_xml_event *event, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  bool found = false;
  if (x->ends) { /* the element that the last event was the end of */
    x->ends = false;
    x->depth--;
    x->text.len = 0;
  }
  if (x->ends_at_once) {
    x->ends_at_once = false;
    x->ends = true;
    *event = ZARRC_XML_END;
    return ZARRC_OK;
  }
  if (!x->has_root && starts(x, "\xEF\xBB\xBF")) x->at += 3;
  while (!status && !found && x->at < x->end) status = take_one(x, event, &found, error);
  if (status || found) return status;
  if (x->depth > 0 || !x->has_root) return cut(error);
  *event = ZARRC_XML_DONE;
  return ZARRC_OK;
}

bool zarrc_xml_is(const zarrc_xml *x, const char *name) {
  const zarrc_xml_name *open = x->depth > 0 ? &x->open[x->depth - 1] : NULL;
  return open && open->n == strlen(name) && !memcmp(open->ptr, name, open->n);
}

bool zarrc_xml_says(const zarrc_xml *x, const char *text) {
  size_t n = strlen(text);
  return x->text.len == n && (n == 0 || !memcmp(x->text.ptr, text, n));
}
