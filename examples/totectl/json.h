/* SPDX-License-Identifier: ISC */
/*
 * JSON as totectl writes it: one object a line, integers as integers, times in RFC 3339, and NAME_b64
 * in place of NAME for bytes that are not UTF-8.
 */
#ifndef TOTECTL_JSON_H
#define TOTECTL_JSON_H

#include <stdint.h>
#include <stdio.h>

/* The version of these objects: a member that is there stays and keeps its meaning. */
#define JSON_SCHEMA 1

struct json {
	FILE *file;
	int comma;
};

/* {"schema":1,"type":"..." up to the newline behind the closing brace. */
void json_begin(struct json *j, FILE *file, const char *type);
void json_end(struct json *j);

/* A member; in a list the key is NULL. */
void json_string(struct json *j, const char *key, const char *text);
void json_bytes(struct json *j, const char *key, const void *bytes, size_t length);
void json_b64(struct json *j, const char *key, const void *bytes, size_t length);
void json_number(struct json *j, const char *key, uint64_t number);
void json_integer(struct json *j, const char *key, int64_t number);
void json_bool(struct json *j, const char *key, int value);
void json_time(struct json *j, const char *key, int64_t time_us);
void json_digest(struct json *j, const char *key, const uint8_t digest[32]);
/* A list or an object inside: open is '[' or '{', close is ']' or '}'. */
void json_open(struct json *j, const char *key, char open);
void json_close(struct json *j, char close);

/* A base64 string in pieces, each but the last of a multiple of three bytes. */
void json_stream_begin(struct json *j, const char *key);
void json_stream(struct json *j, const void *bytes, size_t length);
void json_stream_end(struct json *j);

#endif
