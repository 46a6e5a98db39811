/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/xml.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes what a document consists of: "<name" where an element begins, "text>" where it ends, "." at the end. */
static zarrc_status outline(const char *text, size_t n, char *out, size_t size, zarrc_error *error) {
  char room[256];
  char *exact = malloc(n); /* the address sanitizer sees a byte too much */
  memcpy(exact, text, n);
  zarrc_xml x = {.at = exact, .end = exact + n, .text = zarrc_buf_over(room, sizeof room)};
  zarrc_xml_event event = ZARRC_XML_BEGIN;
  zarrc_status status = ZARRC_OK;
  *out = '\0';
  while (!(status = zarrc_xml_next(&x, &event, error))) {
    size_t at = strlen(out);
    if (event == ZARRC_XML_DONE) snprintf(out + at, size - at, ".");
    if (event == ZARRC_XML_DONE) break;
    const zarrc_xml_name *name = &x.open[x.depth - 1];
    if (event == ZARRC_XML_BEGIN) snprintf(out + at, size - at, "<%.*s", (int)name->n, name->ptr);
    if (event == ZARRC_XML_END) snprintf(out + at, size - at, " %.*s>", (int)x.text.len, (const char *)x.text.ptr);
  }
  free(exact);
  return status;
}

static void expect(const char *text, const char *want) {
  char got[1024];
  zarrc_error error;
  zarrc_status status = outline(text, strlen(text), got, sizeof got, &error);
  if (status) fail_msg("%s: %s", text, SAID(error));
  assert_string_equal(got, want);
}

static void refuse(const char *text) {
  char got[1024];
  zarrc_error error;
  zarrc_status status = outline(text, strlen(text), got, sizeof got, &error);
  if (status != ZARRC_CORRUPT) fail_msg("%s: %s", text, zarrc_status_name(status));
  assert_int_equal(error.code, ZARRC_CORRUPT);
}

static void test_documents(void **state) {
  (void)state;
  expect("<a/>", "<a >.");
  expect("\xEF\xBB\xBF<?xml version='1.0'?>\n<!-- < & -- --><a>x</a> <!-- -->\n", "<a x>.");
  expect("<s3:a xmlns:s3=\"http://x/>\" b='\"'>x<b />y</s3:a  >", "<a<b > y>.");
  expect("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#xe4;&#128512;</a>", "<a <>&\"'AB\xC3\xA4\xF0\x9F\x98\x80>.");
  expect("<a>1<![CDATA[<b>&amp;]]>2</a>", "<a 1<b>&amp;2>.");
  expect("<a><b>x</b><b/><b>y</b></a>", "<a<b x><b ><b y> >.");
}

static void test_refusals(void **state) {
  (void)state;
  static const char *const wrong[] = {"",
                                      " ",
                                      "x",
                                      "<a>",
                                      "<a></b>",
                                      "</a>",
                                      "<a/><b/>",
                                      "<a/>x",
                                      "x<a/>",
                                      "<a/>&amp;",
                                      "<a></a b>",
                                      "<>",
                                      "< a/>",
                                      "<a>&b;</a>",
                                      "<a>&amp</a>",
                                      "<a>&#0;</a>",
                                      "<a>&#xd800;</a>",
                                      "<a>&#1114112;</a>",
                                      "<a>&#x;</a>",
                                      "<a>&#6a;</a>",
                                      "<a b='x</a>",
                                      "<a <b/></a>",
                                      "<a><!-- </a>",
                                      "<a><![CDATA[ </a>",
                                      "<![CDATA[x]]><a/>",
                                      "<!DOCTYPE a [<!ENTITY x 'yyyy'>]><a>&x;</a>",
                                      "<a><!ENTITY x 'y'></a>",
                                      "{\"a\": 1}"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) refuse(wrong[i]);
}

static void test_depth(void **state) {
  (void)state;
  char text[8 * (ZARRC_XML_DEPTH + 1)] = "", got[1024];
  for (int i = 0; i < ZARRC_XML_DEPTH; i++) strcat(text, "<a>");
  for (int i = 0; i < ZARRC_XML_DEPTH; i++) strcat(text, "</a>");
  assert_int_equal(outline(text, strlen(text), got, sizeof got, NULL), ZARRC_OK);
  strcpy(text, "");
  for (int i = 0; i <= ZARRC_XML_DEPTH; i++) strcat(text, "<a>");
  refuse(text);
}

/* Long text ends where the buffer does. */
static void test_long_text(void **state) {
  (void)state;
  char text[300], got[1024];
  memset(text, 'x', sizeof text);
  memcpy(text, "<a>", 3);
  assert_int_equal(outline(text, sizeof text, got, sizeof got, NULL), ZARRC_LIMIT);
}

/* Every beginning of a document is refused, but for blanks at its end. */
static void test_truncations(void **state) {
  (void)state;
  static const char text[] = "<?xml version='1.0'?><s:a b='c' d=\"e\"><!-- f --><g>h&amp;i<![CDATA[j]]></g><k/></s:a>";
  char got[1024];
  for (size_t n = 0; n < sizeof text - 1; n++) assert_int_equal(outline(text, n, got, sizeof got, NULL), ZARRC_CORRUPT);
  assert_int_equal(outline(text, sizeof text - 1, got, sizeof got, NULL), ZARRC_OK);
}

/* Whatever the bytes, reading ends, within them. */
static void test_noise(void **state) {
  (void)state;
  static const char letters[] = "<>/!?-[]&;#x1'\"= ab:CDATA\0\xC3";
  char text[64], got[1024];
  uint32_t seed = 1;
  for (int i = 0; i < 20000; i++) {
    size_t n = (size_t)i % sizeof text;
    for (size_t k = 0; k < n; k++) text[k] = letters[(seed = seed * 1664525 + 1013904223) % (sizeof letters - 1)];
    outline(text, n, got, sizeof got, NULL);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_documents),   cmocka_unit_test(test_refusals),
                                     cmocka_unit_test(test_depth),       cmocka_unit_test(test_long_text),
                                     cmocka_unit_test(test_truncations), cmocka_unit_test(test_noise)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
