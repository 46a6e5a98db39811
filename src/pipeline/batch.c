/* SPDX-License-Identifier: MIT */
#include <zarrc/pipeline.h>

static zarrc_status read_job(void *arg, size_t i, zarrc_error *error) {
  zarrc_job *job = (zarrc_job *)arg + i;
  job->status =
      job->blob ? zarrc_read(job->pipeline, job->blob, job->region, &job->view, &job->missing, error) : ZARRC_OK;
  return job->status;
}

static zarrc_status write_job(void *arg, size_t i, zarrc_error *error) {
  zarrc_job *job = (zarrc_job *)arg + i;
  job->status =
      job->blob ? zarrc_write(job->pipeline, job->blob, job->region, &job->view, job->fresh, error) : ZARRC_OK;
  return job->status;
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
