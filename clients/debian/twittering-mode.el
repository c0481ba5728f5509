;;; twittering-mode.el --- calls for twittering-mode  -*- lexical-binding: t -*-

;; Calls come in as JSON lines, {id, as, method, params}, and go out as
;; {id, result} or {id, error}, as those of ../node/lines.js.

;;; Code:

(setq create-lockfiles nil)
(require 'twittering-mode)
(require 'json)

(defun calls-shorten (long-url &optional domain)
  "What LONG-URL becomes with the service at DOMAIN."
  (or (twittering-tinyurl-get long-url (intern (or domain "bit.ly")))
      (error "No short URL")))

(defun calls-answer (call)
  "The answer to CALL."
  (let ((as (gethash "as" call)) (method (gethash "method" call)))
    (if (not method)
        ["shorten"]
      (setq twittering-bitly-login (gethash "login" as)
            twittering-bitly-api-key (gethash "apiKey" as))
      (apply #'calls-shorten (append (gethash "params" call) nil)))))

(let (line)
  (while (setq line (ignore-errors (read-string "")))
    (let* ((call (json-parse-string line))
           (answer (condition-case failed
                       (list "result" (calls-answer call))
                     (error (list "error" `((message . ,(error-message-string failed))))))))
      (princ (format "%s\n" (json-encode `((id . ,(gethash "id" call)) (,(car answer) . ,(cadr answer)))))))))

;;; twittering-mode.el ends here
