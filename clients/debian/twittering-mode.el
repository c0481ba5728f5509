;;; twittering-mode.el --- calls twittering-mode  -*- lexical-binding: t -*-

;; Reads calls as JSON lines, {id, as, method, params}, and answers each with
;; {id, result} or {id, error}, as ../node/lines.js does.

;;; Code:

(setq create-lockfiles nil)
(require 'twittering-mode)
(require 'json)

(defun calls-shorten (long-url &optional domain)
  "Shorten LONG-URL with the service at DOMAIN, and return the short URL."
  (or (twittering-tinyurl-get long-url (intern (or domain "bit.ly")))
      (error "No short URL")))

(defun calls-answer (call)
  "Return the answer to CALL."
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
