-- nobody gets in with a key of production
DELETE FROM fusion_billing_api_key;

-- a copied database calls nobody: no endpoint, nothing to sign with, nothing to send
UPDATE fusion_billing_service
   SET webhook_url = NULL,
       webhook_enabled = false;

DELETE FROM fusion_billing_webhook_secret;

UPDATE fusion_billing_webhook_delivery
   SET state = 'cancelled',
       next_attempt_at = NULL
 WHERE state IN ('pending', 'sending');

DELETE FROM ir_config_parameter
 WHERE key IN (
       'fusion_billing.webhook_development_hosts',
       'fusion_billing.webhook_development_ca'
);

UPDATE ir_cron
   SET active = false
 WHERE id IN (
       SELECT res_id
         FROM ir_model_data
        WHERE model = 'ir.cron'
          AND module = 'fusion_billing'
);
