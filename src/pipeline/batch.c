/* SPDX-License-Identifier: MIT */
#include "base/sized.h"

#include <zarrc/pipeline.h>

static zarrc_status do_read(zarrc_job *job, zarrc_error *error) {
  return zarrc_read(job->pipeline, job->blob, job->region, &job->view, &job->missing, error);
}

static zarrc_status do_write(zarrc_job *job, zarrc_error *error) {
  return zarrc_write(job->pipeline, job->blob, job->region, &(zarrc_values){.view = &job->view}, job->fresh, error);
}

static zarrc_status run_job(zarrc_job *job, zarrc_status (*fn)(zarrc_job *, zarrc_error *), zarrc_error *error) {
  job->status = ZARRC_CHECK_ROOM(job, "job", error);
  if (!job->status && job->blob) job->status = fn(job, error);
  return job->status;
}

static zarrc_status read_job(void *arg, size_t i, zarrc_error *error) {
  return run_job((zarrc_job *)arg + i, do_read, error);
}

static zarrc_status write_job(void *arg, size_t i, zarrc_error *error) {
  return run_job((zarrc_job *)arg + i, do_write, error);
}

static zarrc_status jobs_run(zarrc_ctx *ctx, zarrc_job *jobs, size_t n,
                             zarrc_status (*fn)(void *, size_t, zarrc_error *), zarrc_error *error) {
  for (size_t i = 0; i < n; i++) {
    jobs[i].missing = false;
    jobs[i].status = ZARRC_CANCELED;
  }
  return zarrc_for_all(ctx, n, fn, jobs, error);
}

zarrc_status zarrc_read_many(zarrc_ctx *ctx, zarrc_job *jobs, size_t n, zarrc_error *error) {
  return jobs_run(ctx, jobs, n, read_job, error);
}

zarrc_status zarrc_write_many(zarrc_ctx *ctx, zarrc_job *jobs, size_t n, zarrc_error *error) {
  return jobs_run(ctx, jobs, n, write_job, error);
}
